//! Passwords and keys that only the name of what they are assigned to gives away. The bar is high: most such lines are no secrets.

use super::kind::is_random;

/// Parts of names that secrets are assigned to.
const NAMED: [&str; 9] = [
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "access_key",
    "private_key",
    "auth_key",
];

/// Parts of names that say it is something else.
const OTHERWISE: [&str; 25] = [
    "hash",
    "sha",
    "digest",
    "checksum",
    "_id",
    "url",
    "uri",
    "path",
    "file",
    "name",
    "type",
    "field",
    "label",
    "header",
    "count",
    "limit",
    "expires",
    "ttl",
    "regex",
    "pattern",
    "prefix",
    "public",
    "placeholder",
    "test",
    "mock",
];

/// Parts of values that are no secrets.
const NO_SECRET: [&str; 20] = [
    "example",
    "changeme",
    "change-me",
    "change_me",
    "your",
    "xxx",
    "dummy",
    "fake",
    "sample",
    "placeholder",
    "test",
    "secret",
    "password",
    "token",
    "${",
    "{{",
    "process.env",
    "os.environ",
    "getenv",
    "<",
];

/// The shortest and the longest value, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 20..=200;

/// The least entropy, in bits for each character. Words and paths have 3 to 3.5; 20 random letters and digits have about 4.
const ENTROPY: f64 = 3.7;

/// The shortest value without two digits that is taken for a secret, and its least entropy: 40 random characters of base64 have about 4.8.
const DENSE_MIN: usize = 32;
const DENSE_ENTROPY: f64 = 4.4;

/// Files whose long random values are sums of what they name.
const SUMS: [&str; 12] = [
    ".lock",
    "lock.json",
    "lock.yaml",
    "go.sum",
    "SHA256SUMS",
    "checksums.txt",
    ".min.js",
    ".map",
    ".svg",
    ".snap",
    ".ipynb",
    ".pem.pub",
];

/// The value that a line assigns to a name of a secret.
pub(super) fn find<'t>(line: &'t [u8], file: &str) -> Option<&'t [u8]> {
    if is_of_sums(file) {
        return None;
    }
    let text = std::str::from_utf8(line).ok()?;
    let mut from = 0;
    while let Some(at) = text[from..].find(['=', ':']) {
        let at = from + at;
        if let Some(value) = assigned(text, at) {
            return Some(value.as_bytes());
        }
        from = at + 1;
    }
    None
}

/// Whether a file is made by a program, of sums and addresses.
pub(super) fn is_of_sums(file: &str) -> bool {
    SUMS.iter().any(|end| file.ends_with(end))
}

/// Whether a value says of itself that it is none.
pub(super) fn says_otherwise(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    NO_SECRET.iter().any(|part| lower.contains(part))
}

fn assigned(text: &str, at: usize) -> Option<&str> {
    let before = text[..at].trim_end_matches([':', ' ', '\t']);
    let before = before.trim_end_matches(['"', '\'', ']']);
    let name_char = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let start = before
        .char_indices()
        .rev()
        .take_while(|(_, c)| name_char(*c))
        .last()?
        .0;
    let name = &before[start..];
    let plain = snake(name);
    let has = |parts: &[&str]| parts.iter().any(|part| plain.contains(part));
    if !has(&NAMED) || has(&OTHERWISE) {
        return None;
    }
    let after = text[at + 1..].trim_start_matches(['=', '>', ' ', '\t']);
    let value = match after.chars().next()? {
        quote @ ('"' | '\'' | '`') => {
            let (value, _) = after[1..].split_once(quote)?;
            value
        }
        // Without quotes only where nothing else is usual: NAME=value.
        _ if is_variable(name)
            && text[..start]
                .trim_start()
                .trim_start_matches("export ")
                .is_empty() =>
        {
            after.split_whitespace().next()?
        }
        _ => return None,
    };
    is_secret(value).then_some(value)
}

/// `apiKey`, `API-KEY` and `api.key` as `api_key`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && lower {
            out.push('_');
        }
        lower = c.is_ascii_lowercase();
        out.push(match c {
            '-' | '.' => '_',
            c => c.to_ascii_lowercase(),
        });
    }
    out
}

fn is_variable(name: &str) -> bool {
    name.chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn is_secret(value: &str) -> bool {
    let plain = value
        .chars()
        .all(|c| c.is_ascii_graphic() && !"()[]{},;<>$\"'`\\".contains(c));
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    LENGTH.contains(&value.len())
        && plain
        && (digits >= 2 || is_dense(value))
        && letters >= 6
        && !says_otherwise(value)
        && !value.contains("://")
        && !is_sum(value)
        && is_random(value.as_bytes())
        && entropy(value.as_bytes()) >= ENTROPY
}

/// Whether a value without digits to speak of is no word all the same: long, of base64's characters, of high entropy, and with upper
/// and lower case in no order, as in a key of AWS. Of 40 random characters one in a hundred has a digit or none.
fn is_dense(value: &str) -> bool {
    let class = |c: char| match c {
        'a'..='z' => Some(0),
        'A'..='Z' => Some(1),
        '0'..='9' => Some(2),
        '+' | '/' | '=' => Some(3),
        _ => None,
    };
    let Some(classes) = value.chars().map(class).collect::<Option<Vec<u8>>>() else {
        return false;
    };
    let changes = classes.windows(2).filter(|pair| pair[0] != pair[1]).count();
    // Words in camel case change twice in about seven characters; random ones at two of three.
    value.len() >= DENSE_MIN
        && changes * 5 >= value.len() * 2
        && entropy(value.as_bytes()) >= DENSE_ENTROPY
}

/// A hash or a UUID: lower or upper hexadecimal digits and hyphens alone. They stand in source text for what is public.
fn is_sum(value: &str) -> bool {
    value.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

/// The entropy of a text by how often each of its bytes comes (Shannon), in bits for each byte.
pub(super) fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for &byte in text {
        counts[usize::from(byte)] += 1;
    }
    let all = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let shares = counts.iter().filter(|&&count| count > 0);
    shares
        .map(|&count| f64::from(count) / all)
        .map(|share| -share * share.log2())
        .sum()
}
