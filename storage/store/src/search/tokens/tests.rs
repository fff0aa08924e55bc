//! Cutting text and questions.

use super::*;

fn tokens(pieces: &[&str]) -> Vec<String> {
    let (mut found, mut tokenizer) = (Vec::new(), Tokenizer::default());
    let mut sink = |token: &[u8]| found.push(String::from_utf8_lossy(token).into_owned());
    for piece in pieces {
        tokenizer.push(piece, &mut sink);
    }
    tokenizer.end(&mut sink);
    found
}

#[test]
fn runs_of_letters_digits_and_beyond_ascii() {
    assert_eq!(tokens(&["HELLO, W", "ORLD-42 É\u{301}A  "]), ["HELLO", "WORLD", "42", "É\u{301}A"]);
    assert_eq!(tokens(&["", " ", "A"]), ["A"]);
}

#[test]
fn a_token_at_its_limit_and_one_past() {
    let limit = "A".repeat(TOKEN_BYTES_MAX);
    assert_eq!(tokens(&[&limit]), std::slice::from_ref(&limit));
    let past = tokens(&[&format!("{limit}B")]);
    assert_eq!(past, [limit, format!("{}B", "A".repeat(PIECE_BYTES_MAX))]);
}

#[test]
fn every_string_of_a_piece_lies_in_a_window_however_the_text_comes() {
    let text: String = (0..500u32).map(|n| char::from(b'A' + u8::try_from(n * n % 23).unwrap())).collect();
    for cut in [1, 7, 31, 32, 33, 64, 499] {
        let (head, tail) = text.split_at(cut);
        let windows = tokens(&[head, tail]);
        assert_eq!(windows, tokens(&[&text]));
        for at in 0..=text.len() - PIECE_BYTES_MAX {
            let piece = &text[at..at + PIECE_BYTES_MAX];
            assert!(windows.iter().any(|window| window.contains(piece)), "{at}");
        }
    }
}

#[test]
fn questions_say_where_tokens_begin_and_end() {
    let patterns = |text| {
        let pieces = Pieces::of(text).unwrap();
        (
            pieces.all.into_iter().map(|it| String::from_utf8(it.pattern).unwrap()).collect::<Vec<_>>(),
            pieces.sure,
        )
    };
    assert_eq!(patterns("HELLO"), (vec!["HELLO".to_owned()], true));
    assert_eq!(patterns("A B-C"), (vec!["A\0".to_owned(), "\0B\0".to_owned(), "\0C".to_owned()], false));
    assert_eq!(patterns(" A"), (vec!["\0A".to_owned()], false));
    let limit = "A".repeat(PIECE_BYTES_MAX);
    assert_eq!(patterns(&limit), (vec![limit.clone()], true));
    assert_eq!(patterns(&format!("{limit}B C")), (vec![limit, "\0C".to_owned()], false));
    assert_eq!(Pieces::of("--"), None);
    assert_eq!(Pieces::of(""), None);
}
