//! Whether the current plan is still the one that a dry run reported.

use tocsin_api_types::{ApiError, Expected};

/// Refuses a plan that differs from the reported one, and names the differences.
pub(super) fn check(shown: &[Expected], now: &[Expected]) -> Result<(), ApiError> {
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
    let unreported = now.iter().filter(|one| {
        shown
            .iter()
            .all(|other| other.display_name != one.display_name)
    });
    differences.extend(unreported.map(|one| format!("{:?} was not in the plan", one.display_name)));
    if differences.is_empty() {
        return Ok(());
    }
    Err(ApiError::conflict(
        "expected",
        format!(
            "the destinations changed since the plan was made, and nothing was changed: {}; make a new plan",
            differences.join("; ")
        ),
    ))
}

fn difference(shown: &Expected, now: Option<&Expected>) -> String {
    let name = &shown.display_name;
    match now {
        None => format!("{name:?} does not exist any more"),
        Some(now) if now.change != shown.change => format!(
            "the change of {name:?} was to {}, and would now be to {}",
            shown.change, now.change
        ),
        Some(now) if now.destination_id != shown.destination_id => {
            format!("{name:?} is now a different destination")
        }
        Some(now) => format!(
            "{name:?} was at revision {}, and is now at {}",
            shown.revision.unwrap_or_default(),
            now.revision.unwrap_or_default()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocsin_api_types::ChangeName;

    fn change(name: &str, revision: Option<u64>, change: ChangeName) -> Expected {
        Expected {
            display_name: name.to_owned(),
            destination_id: None,
            revision,
            change,
        }
    }

    #[test]
    fn what_changed_since_the_plan_is_named() {
        let shown = [
            change("a", Some(1), ChangeName::Update),
            change("b", None, ChangeName::Add),
            change("c", Some(4), ChangeName::Delete),
        ];
        check(&shown, &shown).unwrap();
        let now = [
            change("a", Some(2), ChangeName::Update),
            change("b", Some(1), ChangeName::Unchanged),
            change("d", Some(1), ChangeName::Delete),
        ];
        let error = check(&shown, &now).unwrap_err();
        for difference in [
            "\"a\" was at revision 1, and is now at 2",
            "the change of \"b\" was to add, and would now be to keep unchanged",
            "\"c\" does not exist any more",
            "\"d\" was not in the plan",
        ] {
            assert!(error.message.contains(difference), "{difference}: {error}");
        }
    }
}
