//! Passwords in addresses: `postgres://app:…@db.company.net/app`.

use super::assignment::{entropy, is_of_sums, says_otherwise};
use super::kind::is_random;

/// The shortest and the longest password that is told: shorter ones are what examples and tests have.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=128;

/// The least entropy, in bits for each character: 12 different ones have 3.6, a word of that length about 2.9.
const ENTROPY: f64 = 3.0;

/// Where nobody else gets to, and names that are for examples (RFC 2606, RFC 6761).
const HERE: [&str; 5] = ["localhost", "127.", "0.0.0.0", "[::1]", "example."];

/// The ends of such names.
const EXAMPLES: [&str; 6] = [
    ".localhost",
    ".test",
    ".example",
    ".invalid",
    ".example.com",
    ".example.org",
];

/// The password of an address in a line.
pub(super) fn find<'t>(line: &'t [u8], file: &str) -> Option<&'t [u8]> {
    if is_of_sums(file) {
        return None;
    }
    let text = std::str::from_utf8(line).ok()?;
    let places = text.match_indices("://");
    places
        .filter_map(|(at, _)| password(text, at))
        .map(str::as_bytes)
        .next()
}

fn password(text: &str, at: usize) -> Option<&str> {
    let scheme = text[..at].chars().next_back()?;
    if !scheme.is_ascii_alphanumeric() {
        return None;
    }
    let rest = &text[at + 3..];
    let end = rest.find(|c: char| c.is_whitespace() || "/?#\"'`<>|\\,;".contains(c));
    let authority = &rest[..end.unwrap_or(rest.len())];
    let (user, host) = authority.rsplit_once('@')?;
    let (user, password) = user.split_once(':')?;
    let host = host.to_ascii_lowercase();
    let name = host.split(':').next().unwrap_or_default();
    let is_host = host.starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_here = HERE.iter().any(|start| host.starts_with(start))
        || EXAMPLES.iter().any(|end| name.ends_with(end));
    (is_host && !is_here && password != user && is_secret(password)).then_some(password)
}

fn is_secret(value: &str) -> bool {
    // What a shell, a template or a program puts in has one of these.
    let plain = |c: char| c.is_ascii_graphic() && !"${}()[]*&".contains(c);
    let count = |is: fn(&u8) -> bool| value.bytes().filter(is).count();
    LENGTH.contains(&value.len())
        && value.chars().all(plain)
        && count(u8::is_ascii_digit) >= 2
        && count(u8::is_ascii_alphabetic) >= 4
        && !says_otherwise(value)
        && is_random(value.as_bytes())
        && entropy(value.as_bytes()) >= ENTROPY
}
