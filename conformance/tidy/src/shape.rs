//! The shape of code: lengths, parameters, and documentation.

use crate::tree::File;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Lines of a function, from its signature to its closing brace. The aim is 70.
pub const FUNCTION_LINES_MAX: usize = 100;
/// Lines of a file. The aim is 500.
pub const FILE_LINES_MAX: usize = 600;
/// Lines of a test file, where tables of cases are at home.
pub const TEST_FILE_LINES_MAX: usize = 900;
/// Parameters of a function, `self` not counted.
pub const PARAMETERS_MAX: usize = 5;
/// A file that opens with this may be as long as its table.
pub const TABLE_MARK: &str = "//! Table: ";

/// Complaints about one Rust file.
#[must_use]
pub fn rust(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let limit = if file.is_test() { TEST_FILE_LINES_MAX } else { FILE_LINES_MAX };
    let lines = file.text.lines().count();
    if lines > limit && !file.text.starts_with(TABLE_MARK) {
        found.push(format!("{}: {lines} lines, limit {limit}", file.path));
    }
    if !file.text.trim_start().starts_with("//!") {
        found.push(format!("{}: does not open with a `//!` comment", file.path));
    }
    match syn::parse_file(&file.text) {
        Ok(parsed) => {
            let mut walk = Walk { file, test: file.is_test(), public: true, given: false, found };
            walk.visit_file(&parsed);
            walk.found
        }
        Err(error) => {
            found.push(format!("{}: does not parse: {error}", file.path));
            found
        }
    }
}

/// Complaints about one Python file of the black-box tests.
#[must_use]
pub fn python(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX {
        found.push(format!("{}: {lines} lines, limit {FILE_LINES_MAX}", file.path));
    }
    if !file.text.starts_with("\"\"\"") && !file.text.starts_with("#!") {
        found.push(format!("{}: does not open with a docstring", file.path));
    }
    let mut open: Option<(usize, String)> = None;
    for (number, line) in file.text.lines().chain(["end"]).enumerate() {
        let at_margin = !line.is_empty() && !line.starts_with([' ', ')', '#']);
        if at_margin && let Some((first, name)) = open.take() {
            let length = number - first;
            if length > FUNCTION_LINES_MAX {
                found.push(format!("{}: {name} has {length} lines, limit {FUNCTION_LINES_MAX}", file.path));
            }
        }
        if let Some(rest) = line.strip_prefix("def ") {
            open = Some((number, rest.split('(').next().unwrap_or(rest).to_owned()));
        }
    }
    found
}

/// One walk through a file.
struct Walk<'a> {
    file: &'a File,
    test: bool,
    public: bool,
    /// In the implementation of a trait, whose signatures the trait decides.
    given: bool,
    found: Vec<String>,
}

impl Walk<'_> {
    fn function(&mut self, signature: &syn::Signature, whole: proc_macro2::Span) {
        let name = &signature.ident;
        let lines = whole.end().line.saturating_sub(signature.span().start().line) + 1;
        if lines > FUNCTION_LINES_MAX {
            self.complain(&format!("fn {name} has {lines} lines, limit {FUNCTION_LINES_MAX}"));
        }
        let parameters =
            signature.inputs.iter().filter(|input| matches!(input, syn::FnArg::Typed(_))).count();
        if parameters > PARAMETERS_MAX && !self.test && !self.given {
            self.complain(&format!("fn {name} has {parameters} parameters, limit {PARAMETERS_MAX}"));
        }
    }

    fn documented(&mut self, what: &str, visibility: &syn::Visibility, attributes: &[syn::Attribute]) {
        let public = matches!(visibility, syn::Visibility::Public(_)) && self.public && !self.test;
        if public && !attributes.iter().any(|attribute| attribute.path().is_ident("doc")) {
            self.complain(&format!("pub {what} is not documented"));
        }
    }

    fn complain(&mut self, what: &str) {
        self.found.push(format!("{}: {what}", self.file.path));
    }
}

/// Whether an item is there for tests only.
fn for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|argument| argument == "test")
    })
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let before = (self.test, self.public);
        self.test |= for_tests(&item.attrs);
        self.public &= matches!(item.vis, syn::Visibility::Public(_));
        visit::visit_item_mod(self, item);
        (self.test, self.public) = before;
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.documented(&format!("fn {}", item.sig.ident), &item.vis, &item.attrs);
        self.function(&item.sig, item.span());
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let before = std::mem::replace(&mut self.given, item.trait_.is_some());
        visit::visit_item_impl(self, item);
        self.given = before;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.documented(&format!("fn {}", item.sig.ident), &item.vis, &item.attrs);
        self.function(&item.sig, item.span());
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.function(&item.sig, item.span());
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.documented(&format!("struct {}", item.ident), &item.vis, &item.attrs);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.documented(&format!("enum {}", item.ident), &item.vis, &item.attrs);
        visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.documented(&format!("trait {}", item.ident), &item.vis, &item.attrs);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.documented(&format!("const {}", item.ident), &item.vis, &item.attrs);
        visit::visit_item_const(self, item);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.documented(&format!("static {}", item.ident), &item.vis, &item.attrs);
        visit::visit_item_static(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.documented(&format!("type {}", item.ident), &item.vis, &item.attrs);
        visit::visit_item_type(self, item);
    }
}
