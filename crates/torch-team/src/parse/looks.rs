//! Reads signs and conditions.

use std::collections::BTreeMap;

use super::raw::RawLook;
use super::{At, Reader};
use crate::fault::Fault;
use crate::look::Look;
use crate::matcher::compiled;
use crate::template::{Condition, Sign};

impl Reader<'_> {
    pub(super) fn conditions(
        &mut self,
        raw: BTreeMap<String, toml::Spanned<RawLook>>,
    ) -> BTreeMap<String, Condition> {
        let mut found = BTreeMap::new();
        for (name, raw) in raw {
            let (at, mut raw) = (raw.span(), raw.into_inner());
            let what = "the condition";
            let misplaced = [
                ("strength", raw.strength.is_some()),
                ("name", raw.name.is_some()),
                ("product", raw.product.is_some()),
            ];
            if let Some((key, _)) = misplaced.into_iter().find(|(_, there)| *there) {
                self.fault(
                    &at,
                    Fault::Misplaced {
                        what,
                        name: name.clone(),
                        key,
                        why: "; signs do",
                    },
                );
            }
            let Some(title) = raw.title.take() else {
                self.fault(
                    &at,
                    Fault::Missing {
                        what,
                        name,
                        key: "title",
                    },
                );
                continue;
            };
            let look = self.look(&at, what, &name, raw);
            found.insert(name, Condition { title, look });
        }
        found
    }

    pub(super) fn sign(&mut self, at: At, mut raw: RawLook) -> Option<Sign> {
        let what = "the sign";
        let Some(name) = raw.name.take() else {
            self.fault(
                &at,
                Fault::Missing {
                    what,
                    name: String::new(),
                    key: "name",
                },
            );
            return None;
        };
        if raw.title.is_some() {
            self.fault(
                &at,
                Fault::Misplaced {
                    what,
                    name: name.clone(),
                    key: "title",
                    why: "; conditions do",
                },
            );
        }
        let Some(strength) = raw.strength else {
            self.fault(
                &at,
                Fault::Missing {
                    what,
                    name,
                    key: "strength",
                },
            );
            return None;
        };
        let product = raw.product.unwrap_or_default();
        let look = self.look(&at, what, &name, raw);
        Some(Sign {
            name,
            strength,
            product,
            look,
        })
    }

    fn look(&mut self, at: &At, what: &'static str, name: &str, raw: RawLook) -> Look {
        for glob in raw.files.iter().chain(&raw.inside) {
            if let Err(error) = compiled(glob.get_ref()) {
                let why = error.kind().to_string();
                self.fault(
                    &glob.span(),
                    Fault::Glob {
                        glob: glob.get_ref().clone(),
                        why,
                    },
                );
            }
        }
        if raw.inside.is_empty() != raw.words.is_empty() {
            let key = if raw.inside.is_empty() { "in" } else { "words" };
            self.fault(
                at,
                Fault::Missing {
                    what,
                    name: name.to_owned(),
                    key,
                },
            );
        }
        let counts =
            raw.min.is_some() || raw.min_bytes.is_some() || raw.share.is_some() || raw.anywhere;
        if counts && raw.files.is_empty() {
            self.fault(
                at,
                Fault::Missing {
                    what,
                    name: name.to_owned(),
                    key: "files",
                },
            );
        }
        if let Some(share) = raw.share.filter(|share| *share > 100) {
            self.fault(at, Fault::Share(share));
        }
        if let Some(field) = raw
            .spec_field
            .as_ref()
            .filter(|field| !["PROJECT", "TARGET", "TYPE"].contains(&field.as_str()))
        {
            self.fault(at, Fault::Field(field.clone()));
        }
        let look = raw.into_look();
        if look.is_empty() {
            self.fault(at, Fault::Blind(name.to_owned()));
        }
        look
    }
}
