//! Random requests against a model in memory: after each, the tree is what the model says; at the end, the
//! changes since every token that was ever given, laid over the listing of that time, give the present listing.

use super::{HOME, World};
use engine::sim::Dice;
use std::collections::{BTreeMap, BTreeSet};

/// What the model holds: folders (`None`) and files with their octets, by path below the home.
type Tree = BTreeMap<String, Option<String>>;

const SEEDS: u64 = 12;
const STEPS: usize = 120;

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn is_folder(tree: &Tree, path: &str) -> bool {
    path.is_empty() || matches!(tree.get(path), Some(None))
}

fn below<'a>(tree: &'a Tree, path: &'a str) -> impl Iterator<Item = (String, Option<String>)> + 'a {
    let inside = move |other: &str| {
        other == path || other.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
    };
    tree.iter().filter(move |(other, _)| inside(other)).map(|(other, node)| (other.clone(), node.clone()))
}

fn remove(tree: &mut Tree, path: &str) {
    let gone: Vec<_> = below(tree, path).map(|(path, _)| path).collect();
    gone.iter().for_each(|path| drop(tree.remove(path)));
}

/// A path of one to three names out of few, so that requests meet.
fn somewhere(dice: &mut Dice) -> String {
    let names = ["a", "b", "c d", "é"];
    let depth = 1 + dice.below(3);
    let pick = |dice: &mut Dice| names[usize::try_from(dice.below(4)).unwrap()];
    (0..depth).map(|_| pick(dice)).collect::<Vec<_>>().join("/")
}

fn encoded(path: &str) -> String {
    path.replace(' ', "%20").replace('é', "%C3%A9")
}

/// What COPY and MOVE answer, done to the model.
fn transfer(tree: &mut Tree, from: &str, to: &str, keep: bool) -> u16 {
    if !tree.contains_key(from) {
        return 404;
    }
    let inside = |inner: &str, outer: &str| {
        inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
    };
    if inside(to, from) || inside(from, to) {
        return 403;
    }
    if !is_folder(tree, parent(to)) {
        return 409;
    }
    let existed = tree.contains_key(to);
    let moved: Vec<_> = below(tree, from).collect();
    remove(tree, to);
    if !keep {
        remove(tree, from);
    }
    for (path, node) in moved {
        tree.insert(format!("{to}{}", &path[from.len()..]), node);
    }
    if existed { 204 } else { 201 }
}

async fn step(world: &World, tree: &mut Tree, dice: &mut Dice, number: usize) {
    let (path, other) = (somewhere(dice), somewhere(dice));
    let target = encoded(&path);
    let in_folder = is_folder(tree, parent(&path));
    let (head, body, status) = match dice.below(10) {
        0..=2 => {
            let status = match tree.get(&path) {
                Some(None) => 405,
                Some(Some(_)) => 204,
                None if in_folder => 201,
                None => 409,
            };
            if status < 300 {
                tree.insert(path, Some(number.to_string()));
            }
            (format!("PUT {target}"), number.to_string(), status)
        }
        3 | 4 => {
            let status = if tree.contains_key(&path) {
                405
            } else if in_folder {
                201
            } else {
                409
            };
            if status == 201 {
                tree.insert(path, None);
            }
            (format!("MKCOL {target}"), String::new(), status)
        }
        5 | 6 => {
            let status = if tree.contains_key(&path) { 204 } else { 404 };
            remove(tree, &path);
            (format!("DELETE {target}"), String::new(), status)
        }
        way => {
            let keep = way == 9;
            let status = transfer(tree, &path, &other, keep);
            let verb = if keep { "COPY" } else { "MOVE" };
            (format!("{verb} {target}\nDestination: {HOME}/{}", encoded(&other)), String::new(), status)
        }
    };
    let answer = world.alice(&head, body).await;
    assert_eq!(answer.status, status, "step {number}: {head}");
}

/// The names in a folder with their ETags (folders have none), and its token.
async fn listing(
    world: &World,
    path: &str,
    token: &str,
) -> Option<(BTreeMap<String, String>, BTreeSet<String>, String)> {
    let body = format!(
        "<sync-collection xmlns='DAV:'><sync-token>{token}</sync-token><sync-level>1</sync-level>\
         <prop><getetag/></prop></sync-collection>"
    );
    let answer = world.alice(&format!("REPORT {HOME}/{}", encoded(path)), body).await;
    if answer.status != 207 {
        return None;
    }
    let (mut there, mut gone) = (BTreeMap::new(), BTreeSet::new());
    for part in answer.body.split("<D:response>").skip(1) {
        let href = part.split("<D:href>").nth(1).unwrap().split('<').next().unwrap();
        let name = href.trim_end_matches('/').rsplit('/').next().unwrap().to_owned();
        if part.contains("</D:href><D:status>") {
            gone.insert(name);
        } else {
            let tag = part.split("<D:getetag>").nth(1).map_or("", |rest| rest.split('<').next().unwrap());
            there.insert(name, tag.to_owned());
        }
    }
    let token = answer.text("sync-token").to_owned();
    Some((there, gone, token))
}

async fn compare(world: &World, tree: &Tree) {
    let folders = tree.iter().filter(|(_, node)| node.is_none()).map(|(path, _)| path.as_str());
    for folder in folders.chain([""]) {
        let names = tree.keys().filter(|path| parent(path) == folder && !path.is_empty());
        let expected: BTreeSet<_> = names.map(|path| encoded(path.rsplit('/').next().unwrap())).collect();
        let (found, _, _) = listing(world, folder, "").await.unwrap();
        assert_eq!(found.into_keys().collect::<BTreeSet<_>>(), expected, "in {folder}");
    }
    for (path, octets) in tree.iter().filter_map(|(path, node)| Some((path, node.as_ref()?))) {
        assert_eq!(world.get(&encoded(path)).await, *octets, "{path}");
    }
}

#[tokio::test]
async fn every_token_leads_to_the_present() {
    for seed in 0..SEEDS {
        let (world, mut tree, mut dice) = (World::new(), Tree::new(), Dice::new(seed));
        let mut tokens = Vec::new();
        for number in 0..STEPS {
            step(&world, &mut tree, &mut dice, number).await;
            for folder in ["", "a", "a/b"] {
                if let Some((there, _, token)) = listing(&world, folder, "").await {
                    tokens.push((folder, there, token));
                }
            }
        }
        compare(&world, &tree).await;
        let (mut followed, given) = (0, tokens.len());
        for (folder, mut there, token) in tokens {
            // A folder that was made anew has tokens of its own.
            let Some((changed, gone, _)) = listing(&world, folder, &token).await else { continue };
            followed += 1;
            there.retain(|name, _| !gone.contains(name));
            there.extend(changed);
            let (now, _, _) = listing(&world, folder, "").await.unwrap();
            assert_eq!(there, now, "seed {seed}, {folder} since {token}");
        }
        assert!(followed * 3 > given, "{followed} of {given} tokens still count");
        let reader = world.store.read(&world.principal(1).await, model::AccountId(1)).await.unwrap();
        let bytes: usize = tree.values().flatten().map(String::len).sum();
        let count = tree.values().flatten().count();
        assert_eq!((reader.quota().used_bytes, reader.quota().used_count), (bytes as u64, count as u64));
    }
}
