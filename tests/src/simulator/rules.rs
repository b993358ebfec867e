//! What vendors ask of the fields of a body.

use serde_json::Value;

/// A field that is not as it should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Its path: `payload.summary`.
    pub(super) field: String,
    pub(super) why: Why,
}

/// What is the matter with a field; each vendor has its own words for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Missing,
    /// Not of this kind.
    Kind(&'static str),
    /// More than so many characters.
    TooLong(usize),
    /// More than so many entries.
    TooMany(usize),
    /// Some other value than those there are.
    Value,
}

/// Looks at one body, field after field.
pub(super) struct Rules<'a> {
    body: &'a Value,
    wrong: Vec<Wrong>,
}

impl<'a> Rules<'a> {
    pub(super) fn of(body: &'a Value) -> Self {
        Self {
            body,
            wrong: Vec::new(),
        }
    }

    /// A text that must be there and not be blank.
    pub(super) fn need(mut self, field: &str, most: usize) -> Self {
        match self.get(field).map(|value| value.as_str().map(str::trim)) {
            None | Some(Some("")) => {
                self.add(field, Why::Missing);
                self
            }
            Some(_) => self.text(field, most),
        }
    }

    /// A text that may be there.
    pub(super) fn text(mut self, field: &str, most: usize) -> Self {
        match self.get(field).map(Value::as_str) {
            Some(None) => self.add(field, Why::Kind("string")),
            Some(Some(text)) if length(text) > most => self.add(field, Why::TooLong(most)),
            _ => {}
        }
        self
    }

    /// Texts that may be there.
    pub(super) fn texts(self, fields: &[&str], most: usize) -> Self {
        fields
            .iter()
            .fold(self, |rules, field| rules.text(field, most))
    }

    /// One of these values, or none.
    pub(super) fn choice(mut self, field: &str, values: &[&str]) -> Self {
        if let Some(value) = self.get(field)
            && !value.as_str().is_some_and(|text| values.contains(&text))
        {
            self.add(field, Why::Value);
        }
        self
    }

    /// A list of texts that are not blank, or none.
    pub(super) fn list(mut self, field: &str, entries: usize, most: usize) -> Self {
        let Some(value) = self.get(field) else {
            return self;
        };
        let Some(list) = value.as_array() else {
            self.add(field, Why::Kind("array"));
            return self;
        };
        if list.len() > entries {
            self.add(field, Why::TooMany(entries));
        }
        for entry in list {
            match entry.as_str() {
                None => self.add(field, Why::Kind("string")),
                Some(text) if text.trim().is_empty() => self.add(field, Why::Value),
                Some(text) if length(text) > most => self.add(field, Why::TooLong(most)),
                Some(_) => {}
            }
        }
        self
    }

    /// Whatever else there is to ask of a field that is there.
    pub(super) fn check(mut self, field: &str, why: Why, sound: impl Fn(&Value) -> bool) -> Self {
        if self.get(field).is_some_and(|value| !sound(value)) {
            self.add(field, why);
        }
        self
    }

    /// A field that must be there, whatever it is.
    pub(super) fn present(mut self, field: &str) -> Self {
        if self.get(field).is_none() {
            self.add(field, Why::Missing);
        }
        self
    }

    /// What is wrong.
    pub(super) fn end(self) -> Vec<Wrong> {
        self.wrong
    }

    fn get(&self, field: &str) -> Option<&'a Value> {
        let pointer = format!("/{}", field.replace('.', "/"));
        self.body.pointer(&pointer).filter(|value| !value.is_null())
    }

    fn add(&mut self, field: &str, why: Why) {
        self.wrong.push(Wrong {
            field: field.to_owned(),
            why,
        });
    }
}

/// The length of a text. No vendor says what its characters are: UTF-16 units are
/// never fewer than code points, so what passes here passes either count.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Whether a value is a text of digits: an identity at several vendors.
pub(super) fn is_number(value: &Value) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    value.as_str().is_some_and(digits)
}

/// Whether a value is an address that can be opened.
pub(super) fn is_address(value: &Value) -> bool {
    let web = |text: &str| {
        url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
    };
    value.as_str().is_some_and(web)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_rule_finds_what_breaks_it() {
        let body = json!({
            "blank": " ", "long": "𝄞𝄞", "number": 1, "nothing": null,
            "inner": {"choice": "z", "list": ["", "longer", 1]},
        });
        let wrong = Rules::of(&body)
            .need("blank", 9)
            .need("nothing", 9)
            .need("number", 9)
            .text("long", 3)
            .text("absent", 1)
            .choice("inner.choice", &["a", "b"])
            .list("inner.list", 2, 4)
            .check("number", Why::Value, Value::is_string)
            .present("other")
            .end();
        let wrong: Vec<_> = wrong
            .iter()
            .map(|wrong| (wrong.field.as_str(), wrong.why))
            .collect();
        assert_eq!(
            wrong,
            [
                ("blank", Why::Missing),
                ("nothing", Why::Missing),
                ("number", Why::Kind("string")),
                ("long", Why::TooLong(3)),
                ("inner.choice", Why::Value),
                ("inner.list", Why::TooMany(2)),
                ("inner.list", Why::Value),
                ("inner.list", Why::TooLong(4)),
                ("inner.list", Why::Kind("string")),
                ("number", Why::Value),
                ("other", Why::Missing),
            ]
        );
    }
}
