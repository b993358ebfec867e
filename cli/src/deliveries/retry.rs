//! `tocsin deliveries retry`: what waits is attempted now.

use tocsin_api_types::{ListDestinations, Retried, RetryDeliveries};
use tocsin_core::destination::Enabled;

use crate::args::{Output, RetryArgs};
use crate::exit::Exit;
use crate::print::{self, Named, Text, count, text};
use crate::stack::{Stack, actor};
use crate::terminal;

/// Destinations of one request: the API's limit.
const AT_ONCE: usize = 100;

impl Named for Vec<Retried> {
    fn names(&self) -> Option<Vec<String>> {
        Some(self.iter().map(|one| one.display_name.clone()).collect())
    }
}

pub(super) async fn run(stack: &Stack, args: RetryArgs, output: Output) -> anyhow::Result<Exit> {
    let destinations = if args.all {
        let all = stack.ask(ListDestinations {}).await?;
        let enabled = all
            .into_iter()
            .map(|report| report.destination)
            .filter(|one| one.enabled == Enabled::Yes);
        enabled.map(|one| one.destination_id.to_string()).collect()
    } else {
        args.destinations
    };
    let progress = terminal::progress("destinations:", Some(destinations.len()));
    let mut retried = Vec::new();
    for some in destinations.chunks(AT_ONCE) {
        let request = RetryDeliveries {
            destinations: some.to_vec(),
            actor: actor(),
        };
        retried.extend(stack.ask(request).await?);
        progress.inc(some.len() as u64);
    }
    progress.finish_and_clear();
    if args.all {
        retried.retain(|one| one.deliveries > 0);
    }
    print::show(output, &retried, |all| render(all))?;
    Ok(Exit::Success)
}

fn render(all: &[Retried]) -> Text {
    if all.is_empty() {
        return text!("nothing waits");
    }
    let lines = all.iter().map(|one| {
        let deliveries = usize::try_from(one.deliveries).unwrap_or(usize::MAX);
        text!(
            "{:?}: {} due now; see what becomes of them: tocsin status",
            one.display_name,
            count(deliveries, "delivery is", "deliveries are")
        )
    });
    Text::lines(lines)
}
