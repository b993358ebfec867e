//! The operations on deliveries and on the outbox.

use tocsin_core::Timestamp;
use tocsin_core::alert::AlertId;
use tocsin_core::delivery::claim::{Claim, ClaimRequest};
use tocsin_core::delivery::record::Adoption;
use tocsin_core::delivery::settlement::{Deferral, SettleResult, Settlement};
use tocsin_core::delivery::{NewDelivery, State};
use tocsin_core::destination::DestinationId;
use tocsin_core::outbox::{DueEntry, Priority};

use super::read::DeliveryRecords;
use super::{Added, Backend, Begun, FallbackRef, Ledger, LedgerError, OutboxCursor, OutboxPage};

/// All operations on several deliveries write 25 in one call, give one answer for each
/// delivery, in their order, and run several statements about one delivery one after
/// the other.
impl Ledger {
    /// Records deliveries as `QUEUED`, due at their time. A delivery that exists, in
    /// whatever state, stays as it is.
    pub async fn add_deliveries(
        &self,
        deliveries: &[NewDelivery],
        now: Timestamp,
    ) -> Vec<Result<Added, LedgerError>> {
        match &self.0 {
            Backend::Table(table) => table.add_deliveries(deliveries, now).await,
            Backend::Memory(memory) => memory.add_deliveries(deliveries, now),
        }
    }

    /// Claims deliveries, each with one conditional write: it succeeds if the delivery
    /// has begun exactly the attempts before the one that is asked for, and nobody holds
    /// it. A refused claim needs nothing: another sender holds the delivery, has
    /// attempted it or has settled it.
    pub async fn claim(
        &self,
        requests: &[ClaimRequest],
        now: Timestamp,
    ) -> Vec<Result<Claim, LedgerError>> {
        match &self.0 {
            Backend::Table(table) => table.claim(requests, now).await,
            Backend::Memory(memory) => memory.claim(requests, now),
        }
    }

    /// Settles attempts. A delivery that goes on waiting stays in the outbox with its
    /// new due time; all others leave it. The ledger does not record an attempt whose
    /// lease was lost ([`SettleResult::LeaseLost`]); the caller logs it.
    pub async fn settle(
        &self,
        settlements: &[Settlement],
    ) -> Vec<Result<SettleResult, LedgerError>> {
        match &self.0 {
            Backend::Table(table) => table.settle(settlements).await,
            Backend::Memory(memory) => memory.settle(settlements),
        }
    }

    /// Gives deliveries that were not attempted another due time. A delivery that
    /// another sender holds, has attempted or has settled in the meantime stays as it is,
    /// and that is not an error.
    pub async fn defer(
        &self,
        deferrals: &[Deferral],
        now: Timestamp,
    ) -> Vec<Result<(), LedgerError>> {
        match &self.0 {
            Backend::Table(table) => table.defer(deferrals, now).await,
            Backend::Memory(memory) => memory.defer(deferrals, now),
        }
    }

    /// Deletes the deliveries of fallbacks that are not needed, because the destination
    /// that they are the fallback of has the alert. One that has begun stays, and that
    /// is no error.
    pub async fn cancel_fallbacks(
        &self,
        fallbacks: &[FallbackRef],
    ) -> Vec<Result<(), LedgerError>> {
        match &self.0 {
            Backend::Table(table) => table.cancel_fallbacks(fallbacks).await,
            Backend::Memory(memory) => memory.cancel_fallbacks(fallbacks),
        }
    }

    /// Makes the deliveries of fallbacks due now, whatever their `due` says, and records
    /// those that the ledger does not have. Their `fallback_for` becomes the given one:
    /// the destination that failed, or none, where the fallback has become a target of
    /// the alert itself. One that has begun stays as it is, and so does one that is not
    /// the delivery of a fallback.
    pub async fn begin_fallbacks(
        &self,
        deliveries: &[NewDelivery],
        now: Timestamp,
    ) -> Vec<Result<Begun, LedgerError>> {
        match &self.0 {
            Backend::Table(table) => table.begin_fallbacks(deliveries, now).await,
            Backend::Memory(memory) => memory.begin_fallbacks(deliveries, now),
        }
    }

    /// Puts deliveries that version 0.1.0 recorded into the outbox, and
    /// records those that the ledger does not have. A delivery that is settled, or in
    /// the outbox already, stays as it is; one that a sender holds becomes due after its
    /// lease. This costs one call for those that wait, and another one for the others.
    pub async fn adopt(
        &self,
        adoptions: &[Adoption],
        now: Timestamp,
    ) -> Vec<Result<(), LedgerError>> {
        match &self.0 {
            Backend::Table(table) => table.adopt(adoptions, now).await,
            Backend::Memory(memory) => memory.adopt(adoptions, now),
        }
    }

    /// The deliveries of one priority to a destination that are due at `until` or
    /// earlier, oldest first, at most `limit`; the page has a next one if there may be
    /// more. The index is about a second behind the table: an entry may have been settled
    /// or taken, and the newest may be missing.
    ///
    /// # Errors
    ///
    /// When `DynamoDB` refuses the call or does not answer. An entry that cannot be read
    /// is logged and left out.
    pub async fn due(
        &self,
        destination: DestinationId,
        priority: Priority,
        until: Timestamp,
        limit: usize,
    ) -> Result<OutboxPage, LedgerError> {
        match &self.0 {
            Backend::Table(table) => table.due(destination, priority, until, limit).await,
            Backend::Memory(memory) => Ok(memory.due(destination, priority, until, limit)),
        }
    }

    /// One page of all unsettled deliveries, whether they are due or not, from the
    /// beginning when `start` is `None`: for the sweep. A page is up to 1 MB of the
    /// index, some 4,000 deliveries.
    ///
    /// # Errors
    ///
    /// As [`Ledger::due`].
    pub async fn outbox_page(
        &self,
        start: Option<OutboxCursor>,
    ) -> Result<OutboxPage, LedgerError> {
        match &self.0 {
            Backend::Table(table) => table.outbox_page(start).await,
            Backend::Memory(memory) => Ok(memory.outbox_page()),
        }
    }

    /// The records of these deliveries, read consistently, 100 in one call; unknown ones
    /// are left out.
    ///
    /// # Errors
    ///
    /// When `DynamoDB` refuses the call or does not answer, or an item has no readable
    /// key.
    pub async fn records(
        &self,
        deliveries: &[(AlertId, DestinationId)],
    ) -> Result<DeliveryRecords, LedgerError> {
        match &self.0 {
            Backend::Table(table) => table.records(deliveries).await,
            Backend::Memory(memory) => Ok(memory.records(deliveries)),
        }
    }

    /// Makes deliveries due at `until` that cannot be read, so that they do not take the
    /// places of others in every drain.
    pub async fn postpone(
        &self,
        entries: &[DueEntry],
        until: Timestamp,
        now: Timestamp,
    ) -> Vec<Result<(), LedgerError>> {
        match &self.0 {
            Backend::Table(table) => table.postpone(entries, until, now).await,
            // What is in memory can always be read.
            Backend::Memory(_) => vec![Ok(()); entries.len()],
        }
    }

    /// Removes settled deliveries, in these states, from the outbox. Senders of version
    /// 0.1.0 leave them there when they settle during an update of the stack. A delivery
    /// that is not there, or was changed, stays as it is.
    pub async fn leave_outbox(
        &self,
        entries: &[(DueEntry, State)],
    ) -> Vec<Result<(), LedgerError>> {
        match &self.0 {
            Backend::Table(table) => table.leave_outbox(entries).await,
            // In memory, what is settled has no due time.
            Backend::Memory(_) => vec![Ok(()); entries.len()],
        }
    }

    /// Makes all deliveries that wait for a destination due now: after it was edited or
    /// enabled. Deliveries that a sender holds, and those of fallbacks that have not
    /// begun, stay as they are. The count is that of the deliveries that were moved.
    ///
    /// # Errors
    ///
    /// When `DynamoDB` refuses a call or does not answer; some may have been moved.
    pub async fn bring_forward(
        &self,
        destination: DestinationId,
        now: Timestamp,
    ) -> Result<usize, LedgerError> {
        match &self.0 {
            Backend::Table(table) => table.bring_forward(destination, now).await,
            Backend::Memory(memory) => Ok(memory.bring_forward(destination, now)),
        }
    }
}
