//! STARTTLS without a certificate, and commands put in front of the handshake.

use crate::harness::House;

#[tokio::test]
async fn not_offered_without_a_certificate() {
    let house = House::new();
    let mut client = house.connect().await;
    assert!(!client.ask("a CAPABILITY").await[0].contains("STARTTLS"));
    assert_eq!(client.ask("b STARTTLS").await, ["b BAD STARTTLS is not available"]);
}
