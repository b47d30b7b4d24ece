//! The kinds of keys and tokens that say themselves what they are: how they begin, of what they are made, how long they are.
//!
//! From the issuers' own pages and the public rules of gitleaks 8 and of GitHub's secret scanning; only forms whose beginning is theirs
//! alone. Keys for tests (`sk_test_`) are none.

use super::find_in;

/// What the rest of a secret is made of.
#[derive(Debug, Clone, Copy)]
enum Alphabet {
    /// `A-Z2-7`.
    Base32,
    /// `0-9a-f`.
    Hex,
    /// `A-Za-z0-9`.
    Alnum,
    /// `A-Za-z0-9_-`.
    Url,
    /// `A-Za-z0-9+/=`.
    Base64,
    /// `A-Za-z0-9/`, of addresses.
    Path,
    /// `A-Za-z0-9_.-`.
    Dotted,
}

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        let alnum = byte.is_ascii_alphanumeric();
        match self {
            Self::Base32 => byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte),
            Self::Hex => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            Self::Alnum => alnum,
            Self::Url => alnum || b"_-".contains(&byte),
            Self::Base64 => alnum || b"+/=".contains(&byte),
            Self::Path => alnum || byte == b'/',
            Self::Dotted => alnum || b"_.-".contains(&byte),
        }
    }
}

struct Kind {
    name: &'static str,
    start: &'static str,
    rest: Alphabet,
    least: usize,
    most: usize,
}

const fn kind(
    name: &'static str,
    start: &'static str,
    rest: Alphabet,
    (least, most): (usize, usize),
) -> Kind {
    Kind {
        name,
        start,
        rest,
        least,
        most,
    }
}

use Alphabet::{Alnum, Base32, Base64, Dotted, Hex, Path, Url};

const KINDS: &[Kind] = &[
    kind("AWS access key", "AKIA", Base32, (16, 16)),
    kind("AWS access key", "ASIA", Base32, (16, 16)),
    kind("GitHub token", "ghp_", Alnum, (36, 36)),
    kind("GitHub token", "gho_", Alnum, (36, 36)),
    kind("GitHub token", "ghu_", Alnum, (36, 36)),
    kind("GitHub token", "ghs_", Alnum, (36, 36)),
    kind("GitHub token", "ghr_", Alnum, (36, 36)),
    kind("GitHub token", "github_pat_", Url, (82, 82)),
    kind("GitLab token", "glpat-", Dotted, (20, 60)),
    kind("GitLab token", "glptt-", Hex, (40, 40)),
    kind("GitLab token", "gldt-", Url, (20, 50)),
    kind("GitLab token", "glrt-", Dotted, (20, 60)),
    kind("Slack token", "xoxb-", Url, (30, 120)),
    kind("Slack token", "xoxp-", Url, (30, 120)),
    kind("Slack token", "xoxa-", Url, (30, 120)),
    kind("Slack token", "xoxr-", Url, (30, 120)),
    kind("Slack token", "xapp-", Url, (30, 140)),
    kind(
        "Slack webhook",
        "hooks.slack.com/services/T",
        Path,
        (36, 80),
    ),
    kind("Stripe key", "sk_live_", Alnum, (20, 120)),
    kind("Stripe key", "rk_live_", Alnum, (20, 120)),
    kind("Google API key", "AIza", Url, (35, 35)),
    kind("Google client secret", "GOCSPX-", Url, (28, 28)),
    kind("Anthropic key", "sk-ant-api", Url, (80, 130)),
    kind("Anthropic key", "sk-ant-admin", Url, (80, 130)),
    kind("Anthropic key", "sk-ant-oat", Url, (80, 130)),
    kind("OpenAI key", "sk-proj-", Url, (40, 200)),
    kind("OpenAI key", "sk-svcacct-", Url, (40, 200)),
    kind("OpenAI key", "sk-admin-", Url, (40, 200)),
    kind("OpenRouter key", "sk-or-v1-", Hex, (64, 64)),
    kind("Hugging Face token", "hf_", Alnum, (34, 37)),
    kind("npm token", "npm_", Alnum, (36, 36)),
    kind("PyPI token", "pypi-AgEIcHlwaS5vcmc", Url, (50, 300)),
    kind("Cargo token", "cio", Alnum, (32, 32)),
    kind("SendGrid key", "SG.", Dotted, (66, 66)),
    kind("DigitalOcean token", "dop_v1_", Hex, (64, 64)),
    kind("Shopify token", "shpat_", Hex, (32, 32)),
    kind("Docker Hub token", "dckr_pat_", Url, (27, 27)),
    kind("age key", "AGE-SECRET-KEY-1", Alnum, (58, 58)),
    kind("Azure storage key", "AccountKey=", Base64, (88, 88)),
];

/// An OpenAI key of the older form has this in its middle.
const OLD_OPENAI: (&str, &str) = ("sk-", "T3BlbkFJ");

/// The first secret of a line, with what it is. `next` is the line that is added behind it.
pub(super) fn find<'t>(line: &'t [u8], next: Option<&[u8]>) -> Option<(&'static str, &'t [u8])> {
    KINDS
        .iter()
        .find_map(|kind| Some((kind.name, kind.find(line)?)))
        .or_else(|| old_openai(line))
        .or_else(|| private_key(line, next))
}

impl Kind {
    fn find<'t>(&self, line: &'t [u8]) -> Option<&'t [u8]> {
        let mut from = 0;
        loop {
            let at = from + find_in(line.get(from..)?, self.start.as_bytes())?;
            let rest = &line[at + self.start.len()..];
            let length = rest.iter().take_while(|&&byte| self.rest.has(byte)).count();
            let free = at == 0 || !is_word(line[at - 1]);
            let fits = (self.least..=self.most).contains(&length)
                && !rest.get(length).is_some_and(|&byte| is_word(byte));
            if free && fits && is_random(&rest[..length]) {
                return Some(&line[at..at + self.start.len() + length]);
            }
            from = at + 1;
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether nobody wrote it as an example: `AKIAIOSFODNN7EXAMPLE`, `ghp_xxxx…`, `ghp_0123456789…`.
pub(super) fn is_random(text: &[u8]) -> bool {
    let upper = text.to_ascii_uppercase();
    let named = [
        "EXAMPLE",
        "SAMPLE",
        "DUMMY",
        "FAKE",
        "PLACEHOLDER",
        "XXXX",
        "YOUR",
        "REDACTED",
        "ABCDEF",
        "123456",
    ];
    if named
        .iter()
        .any(|word| super::contains(&upper, word.as_bytes()))
    {
        return false;
    }
    let mut seen = [false; 256];
    for &byte in text {
        seen[usize::from(byte)] = true;
    }
    let different = seen.iter().filter(|&&one| one).count();
    different >= text.len().min(20) / 2
}

fn old_openai(line: &[u8]) -> Option<(&'static str, &[u8])> {
    let middle = find_in(line, OLD_OPENAI.1.as_bytes())?;
    let at = middle.checked_sub(23)?;
    let whole = line.get(at..middle + OLD_OPENAI.1.len() + 20)?;
    let body = whole.strip_prefix(OLD_OPENAI.0.as_bytes())?;
    let fits = body.iter().all(u8::is_ascii_alphanumeric) && is_random(body);
    fits.then_some(("OpenAI key", whole))
}

/// A private key: its first line, and behind it what only a key has.
fn private_key<'t>(line: &'t [u8], next: Option<&[u8]>) -> Option<(&'static str, &'t [u8])> {
    let at = find_in(line, b"-----BEGIN ")?;
    let end = at + find_in(&line[at..], b"PRIVATE KEY")?;
    let label = &line[at + 11..end];
    if !label
        .iter()
        .all(|&byte| byte.is_ascii_uppercase() || byte == b' ' || byte.is_ascii_digit())
    {
        return None;
    }
    let rest = &line[end + b"PRIVATE KEY".len()..];
    let rest = rest
        .strip_prefix(b" BLOCK")
        .unwrap_or(rest)
        .strip_prefix(b"-----")?;
    let body = match rest.strip_prefix(b"\\n") {
        Some(body) => body,
        None => next?,
    };
    let body: &[u8] = body.trim_ascii();
    let body = body.strip_prefix(b"\"").unwrap_or(body);
    let length = body.iter().take_while(|&&byte| Base64.has(byte)).count();
    (length >= 40 && is_random(&body[..length])).then(|| ("private key", &line[at..end]))
}
