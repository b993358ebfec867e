//! Asana's rich text: well-formed XML of a few tags, inside `<body>`
//! (<https://developers.asana.com/docs/rich-text>).

/// The tags that tasks may have, and the attributes of each.
const TAGS: [(&str, &[&str]); 16] = [
    ("body", &[]),
    ("h1", &[]),
    ("h2", &[]),
    ("ol", &[]),
    ("ul", &[]),
    ("li", &[]),
    ("strong", &[]),
    ("em", &[]),
    ("u", &[]),
    ("s", &[]),
    ("code", &[]),
    ("pre", &[]),
    ("blockquote", &[]),
    ("a", &["href", "data-asana-gid", "data-asana-type"]),
    ("hr", &[]),
    ("img", &["data-asana-gid", "src", "alt", "style"]),
];

/// The text without the markup.
///
/// # Errors
///
/// What is wrong with the markup.
pub(super) fn text(markup: &str) -> Result<String, String> {
    let mut reader = Reader {
        rest: markup,
        open: Vec::new(),
        text: String::new(),
    };
    if !markup.starts_with("<body>") {
        return Err("it does not begin with <body>".to_owned());
    }
    while !reader.rest.is_empty() {
        reader.step()?;
        if reader.open.is_empty() && !reader.rest.is_empty() {
            return Err("something follows </body>".to_owned());
        }
    }
    if let Some(name) = reader.open.last() {
        return Err(format!("<{name}> is not closed"));
    }
    Ok(reader.text)
}

struct Reader<'a> {
    rest: &'a str,
    open: Vec<&'a str>,
    text: String,
}

impl Reader<'_> {
    fn step(&mut self) -> Result<(), String> {
        match self.rest.chars().next() {
            Some('<') => self.tag(),
            Some('&') => {
                let (c, rest) = entity(self.rest)?;
                self.text.push(c);
                self.rest = rest;
                Ok(())
            }
            Some(c) if is_allowed(c) => {
                self.text.push(c);
                self.rest = &self.rest[c.len_utf8()..];
                Ok(())
            }
            Some(c) => Err(format!("U+{:04X} is not allowed in XML", u32::from(c))),
            None => Ok(()),
        }
    }

    fn tag(&mut self) -> Result<(), String> {
        let end = end_of_tag(self.rest).ok_or("a tag does not end")?;
        let inner = &self.rest[1..end];
        self.rest = &self.rest[end + 1..];
        if let Some(name) = inner.strip_prefix('/') {
            return if self.open.pop() == Some(name) {
                Ok(())
            } else {
                Err(format!("</{name}> closes something else"))
            };
        }
        let (inner, alone) = match inner.strip_suffix('/') {
            Some(inner) => (inner, true),
            None => (inner, false),
        };
        let (name, attributes) =
            inner.split_at(inner.find(char::is_whitespace).unwrap_or(inner.len()));
        let known = TAGS.iter().find(|(tag, _)| *tag == name);
        let (_, allowed) = known.ok_or_else(|| format!("<{name}> is not allowed"))?;
        check_attributes(attributes, allowed)?;
        if name == "body" && !self.open.is_empty() {
            return Err("<body> stands inside".to_owned());
        }
        if !alone {
            self.open.push(name);
        }
        Ok(())
    }
}

/// Where the tag at the start of `text` ends; quoted brackets do not end it.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, c)| {
        if c == '"' {
            quoted = !quoted;
        }
        (c == '>' && !quoted).then_some(at)
    })
}

/// `name="value"`, separated by spaces.
fn check_attributes(text: &str, allowed: &[&str]) -> Result<(), String> {
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").ok_or("an attribute has no value")?;
        let (value, after) = after.split_once('"').ok_or("an attribute does not end")?;
        if !allowed.contains(&name) {
            return Err(format!("the attribute {name} is not allowed"));
        }
        if value.contains('<') {
            return Err(format!("the attribute {name} holds a <"));
        }
        let mut left = value;
        while let Some(at) = left.find('&') {
            left = entity(&left[at..])?.1;
        }
        if !after.is_empty() && !after.starts_with(' ') {
            return Err("attributes need a space between them".to_owned());
        }
        rest = after.trim();
    }
    Ok(())
}

/// The character that the reference at the start of `text` stands for, and what follows.
fn entity(text: &str) -> Result<(char, &str), String> {
    let (name, rest) = text[1..].split_once(';').ok_or("an & stands alone")?;
    let number = |digits: &str, radix| {
        u32::from_str_radix(digits, radix)
            .ok()
            .and_then(char::from_u32)
    };
    let c = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
            (Some(digits), _) => number(digits, 16),
            (None, Some(digits)) => number(digits, 10),
            (None, None) => None,
        },
    };
    match c.filter(|c| is_allowed(*c)) {
        Some(c) => Ok((c, rest)),
        None => Err("an & begins nothing that is known".to_owned()),
    }
}

/// XML 1.0, "Characters".
const fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_remains() {
        for (markup, expected) in [
            ("<body></body>", ""),
            (
                "<body>a &amp; <strong>b</strong>\n<ul><li>c</li></ul></body>",
                "a & b\nc",
            ),
            (
                "<body><a href=\"https://a.example/?x=1&amp;y=>\">l</a><hr/>&#65;&#x42;</body>",
                "lAB",
            ),
        ] {
            assert_eq!(text(markup).as_deref(), Ok(expected), "{markup}");
        }
    }

    #[test]
    fn what_is_not_well_formed_or_not_allowed_is_refused() {
        for markup in [
            "",
            "plain",
            "<body>",
            "<body></body>more",
            "<body></body><body></body>",
            "<body><body></body></body>",
            "<body><strong></body></strong>",
            "<body><script>x</script></body>",
            "<body><strong class=\"x\">x</strong></body>",
            "<body><a href=x>x</a></body>",
            "<body><a href=\"<\">x</a></body>",
            "<body><a href=\"a&b\">x</a></body>",
            "<body>a & b</body>",
            "<body>&nbsp;</body>",
            "<body>a < b</body>",
            "<body>\u{0}</body>",
            "<body>\u{fffe}</body>",
            "<body>&#0;</body>",
        ] {
            assert!(text(markup).is_err(), "{markup}");
        }
    }
}
