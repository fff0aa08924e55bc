//! Tables that can be searched, and ranges as RFC 4647 has them.

use super::*;

#[test]
fn tables_are_in_order_and_say_something() {
    for language in &ALL {
        assert!(language.texts.windows(2).all(|pair| pair[0].0 < pair[1].0), "{}", language.tag);
        let whole = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
        assert!(
            language.texts.iter().all(|(english, said)| whole(english) && whole(said) && english != said)
        );
        assert_eq!(lookup(language.tag).unwrap().tag, language.tag);
    }
}

#[test]
fn every_text_of_the_mapping_of_outcomes_is_known_in_french() {
    let french = lookup("fr").unwrap();
    for text in
        ["No such mailbox", "You have no right to do that", "That would pass the quota", "SELECT completed"]
    {
        assert_ne!(french.say(text), text);
    }
    assert_eq!(french.say("in no table"), "in no table");
    assert_eq!(lookup("en").unwrap().say("No such mailbox"), "No such mailbox");
}

#[test]
fn ranges_are_looked_up() {
    let tag = |range| lookup(range).map(|found| found.tag);
    assert_eq!(tag("FR-ca"), Some("fr"));
    assert_eq!(tag("fr-Latn-CA-x-a"), Some("fr"));
    assert_eq!(tag("en-x-twain"), Some("en"));
    assert_eq!(
        (tag("default"), tag("*"), tag("i-default")),
        (Some("i-default"), Some("i-default"), Some("i-default"))
    );
    assert_eq!((tag("de"), tag("f"), tag(""), tag("-fr"), tag("-")), (None, None, None, None, None));
}
