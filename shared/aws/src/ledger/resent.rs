//! The link from what ended without success to the alert as which a person sent it again.
//! What is linked leaves the index `attention`: the new alert takes its place there if it
//! fails, too.

use tocsin_core::alert::AlertId;
use tocsin_core::destination::DestinationId;

use super::attributes::{Key, s};
use super::error::LedgerError;
use super::statement::Statement;
use super::table::Table;

/// It ended without success, or is an alert that nothing matched. Anything else goes on
/// by itself.
const NEEDS_ATTENTION: &str = "\"attention\" IS NOT MISSING";

impl Table {
    pub(super) async fn link_resent(
        &self,
        original: &AlertId,
        destinations: &[DestinationId],
        resent: &AlertId,
    ) -> Vec<Result<(), LedgerError>> {
        let deliveries = destinations.iter().map(|id| Key::delivery(original, *id));
        let statements = deliveries.chain([Key::alert(original)]).map(|key| {
            Statement::update(key)
                .set("resentAs", s(resent.as_str()))
                .remove("attention")
                .remove("attentionSince")
                .only_if(NEEDS_ATTENTION, [])
        });
        let written = self.write("linking an alert that was sent again", statements.collect());
        written.await.into_iter().map(|one| one.map(drop)).collect()
    }
}
