//! Whether the plan that somebody agreed to is still the one that would be
//! carried out.

use crate::messages::{ApiError, Expected};

/// Refuses a plan that differs from the one that was shown, and names what does.
pub(super) fn still_holds(shown: &[Expected], now: &[Expected]) -> Result<(), ApiError> {
    let mut differences: Vec<String> = shown
        .iter()
        .filter(|one| !now.contains(one))
        .map(|one| {
            let other = now
                .iter()
                .find(|other| other.display_name == one.display_name);
            difference(one, other)
        })
        .collect();
    let unseen = now.iter().filter(|one| {
        shown
            .iter()
            .all(|other| other.display_name != one.display_name)
    });
    differences.extend(unseen.map(|one| format!("{:?} was not shown", one.display_name)));
    if differences.is_empty() {
        return Ok(());
    }
    Err(ApiError::conflict(
        "expected",
        format!(
            "the plan that was shown does not hold any more, and nothing was changed: {}; look at the plan again",
            differences.join("; ")
        ),
    ))
}

fn difference(shown: &Expected, now: Option<&Expected>) -> String {
    let name = &shown.display_name;
    match now {
        None => format!("{name:?} is gone"),
        Some(now) if now.change != shown.change => format!(
            "{name:?} was to {}, and would now be to {}",
            shown.change, now.change
        ),
        Some(now) if now.destination_id != shown.destination_id => {
            format!("{name:?} is another destination now")
        }
        Some(now) => format!(
            "{name:?} was at revision {}, and is at {} now",
            shown.revision.unwrap_or_default(),
            now.revision.unwrap_or_default()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::ChangeName;

    fn change(name: &str, revision: Option<u64>, change: ChangeName) -> Expected {
        Expected {
            display_name: name.to_owned(),
            destination_id: None,
            revision,
            change,
        }
    }

    #[test]
    fn what_changed_since_the_plan_was_shown_is_named() {
        let shown = [
            change("a", Some(1), ChangeName::Update),
            change("b", None, ChangeName::Add),
            change("c", Some(4), ChangeName::Delete),
        ];
        still_holds(&shown, &shown).unwrap();
        let now = [
            change("a", Some(2), ChangeName::Update),
            change("b", Some(1), ChangeName::Unchanged),
            change("d", Some(1), ChangeName::Delete),
        ];
        let error = still_holds(&shown, &now).unwrap_err();
        for told in [
            "\"a\" was at revision 1, and is at 2 now",
            "\"b\" was to add, and would now be to leave as it is",
            "\"c\" is gone",
            "\"d\" was not shown",
        ] {
            assert!(error.message.contains(told), "{told}: {error}");
        }
    }
}
