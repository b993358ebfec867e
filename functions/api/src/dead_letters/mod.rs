//! Dead letters: listing, deleting, and putting them back on their queues.

mod read;

use std::cmp::Reverse;
use std::collections::HashSet;
use std::time::Duration;

use tocsin_api_types::{
    ApiError, Content, DeadLetter, DeadLetterQueue, DeadLetters, DeleteDeadLetters,
    DeletedDeadLetters, GetDeadLetter, ListDeadLetters, RedriveDeadLetters, RedriveResult,
    Redriven, RedrivenDeadLetter, Which, WholeDeadLetter,
};
use tocsin_aws::{AwsError, Message, Queue, ReceivedMessage};
use tocsin_core::Timestamp;

use crate::Api;
use crate::error::OrApiError;
use crate::pagination::{Budget, limit};
use crate::validate::checked_actor;

/// How long a listed message is hidden from others. It is released before that,
/// unless the function crashes.
const LIST_VISIBILITY: Duration = Duration::from_secs(30);

/// How long a message is hidden from others while it is put back.
const REDRIVE_VISIBILITY: Duration = Duration::from_mins(2);

/// How long one call reads a queue: well below both visibility timeouts.
const TIME_LIMIT: Duration = Duration::from_secs(15);

/// The most messages that are read to find the newest.
const MOST_LISTED: usize = 1_000;

/// The most message ids of one request.
const MOST_IDS: u16 = 500;

impl Api {
    pub(crate) async fn list_dead_letters(
        &self,
        request: ListDeadLetters,
    ) -> Result<DeadLetters, ApiError> {
        let most = limit(request.limit.map(u16::from), 20, 100)?;
        let queue = self.queues.dead(request.queue);
        let waiting = queue.depth().await.or_api_error()?.total();
        // SQS gives messages in no order, so the newest are known when all were read.
        let mut taken = take(queue, MOST_LISTED, LIST_VISIBILITY, |_| true).await?;
        release(queue, &Vec::from_iter(&taken.matching)).await;
        taken
            .matching
            .sort_by_key(|message| Reverse(message.sent_at));
        let shown = taken.matching.iter().take(most);
        Ok(DeadLetters {
            queue: request.queue,
            waiting,
            dead_letters: shown
                .map(|message| dead_letter(request.queue, message))
                .collect(),
        })
    }

    pub(crate) async fn get_dead_letter(
        &self,
        request: GetDeadLetter,
    ) -> Result<WholeDeadLetter, ApiError> {
        let queue = self.queues.dead(request.queue);
        let is_it = |message: &ReceivedMessage| message.message_id == request.message_id;
        let taken = take(queue, 1, LIST_VISIBILITY, is_it).await?;
        let all: Vec<_> = taken.matching.iter().chain(&taken.others).collect();
        release(queue, &all).await;
        let Some(message) = taken.matching.first() else {
            return Err(ApiError::not_found(
                "messageId",
                "the queue has no message with this id, or another request is reading it",
            ));
        };
        Ok(WholeDeadLetter {
            dead_letter: dead_letter(request.queue, message),
            whole_body: message.body.clone(),
        })
    }

    pub(crate) async fn delete_dead_letters(
        &self,
        request: DeleteDeadLetters,
    ) -> Result<DeletedDeadLetters, ApiError> {
        let actor = checked_actor(request.actor)?;
        let requested = requested(&request.which)?;
        let most = requested.as_ref().map_or(MOST_IDS.into(), HashSet::len);
        let queue = self.queues.dead(request.queue);
        let is_requested = |message: &ReceivedMessage| {
            let id = message.message_id.as_str();
            requested.as_ref().is_none_or(|ids| ids.contains(id))
        };
        let taken = take(queue, most, REDRIVE_VISIBILITY, is_requested).await?;
        release(queue, &Vec::from_iter(&taken.others)).await;
        let matching = Vec::from_iter(&taken.matching);
        let results = queue.delete(&matching).await;
        let (mut deleted, mut kept) = (Vec::new(), Vec::new());
        for (message, result) in matching.iter().zip(results) {
            let id = message.message_id.clone();
            tracing::info!(message.id = id, queue = ?request.queue, ?result, actor, "a dead letter was deleted");
            match result {
                Ok(()) => deleted.push(id),
                Err(_) => kept.push(id),
            }
        }
        let found: HashSet<&str> = deleted.iter().chain(&kept).map(String::as_str).collect();
        let not_found = requested
            .iter()
            .flatten()
            .filter(|id| !found.contains(**id));
        Ok(DeletedDeadLetters {
            queue: request.queue,
            not_found: not_found.map(|id| (*id).to_owned()).collect(),
            deleted,
            kept,
            waiting: queue.depth().await.or_api_error()?.total(),
        })
    }

    pub(crate) async fn redrive_dead_letters(
        &self,
        request: RedriveDeadLetters,
    ) -> Result<Redriven, ApiError> {
        let actor = checked_actor(request.actor)?;
        let most = limit(request.limit, 100, MOST_IDS)?;
        let requested = requested(&request.which)?;
        let most = requested.as_ref().map_or(most, |ids| most.min(ids.len()));
        let queue = self.queues.dead(request.queue);
        let is_requested = |message: &ReceivedMessage| {
            requested
                .as_ref()
                .is_none_or(|ids| ids.contains(message.message_id.as_str()))
        };
        let Taken {
            mut matching,
            mut others,
        } = take(queue, most, REDRIVE_VISIBILITY, is_requested).await?;
        others.extend(matching.split_off(matching.len().min(most)));
        let redriven = self.put_back(request.queue, &matching).await;
        let kept = matching.iter().zip(&redriven);
        let kept = kept.filter(|(_, one)| matches!(one.result, RedriveResult::Kept { .. }));
        let remaining: Vec<_> = kept.map(|(message, _)| message).chain(&others).collect();
        release(queue, &remaining).await;
        for one in &redriven {
            tracing::info!(
                message.id = one.message_id,
                queue = ?request.queue,
                result = ?one.result,
                actor,
                "a dead letter was redriven"
            );
        }
        let found: HashSet<&str> = redriven.iter().map(|one| one.message_id.as_str()).collect();
        let not_found = requested
            .iter()
            .flatten()
            .filter(|id| !found.contains(**id));
        Ok(Redriven {
            queue: request.queue,
            not_found: not_found.map(|id| (*id).to_owned()).collect(),
            dead_letters: redriven,
            waiting: queue.depth().await.or_api_error()?.total(),
        })
    }

    /// Sends each message to its live queue, then deletes it; the results are in the
    /// order of the messages.
    async fn put_back(
        &self,
        queue: DeadLetterQueue,
        dead_letters: &[ReceivedMessage],
    ) -> Vec<RedrivenDeadLetter> {
        let now = Timestamp::now();
        let mut messages: Vec<Message> = Vec::new();
        let mut parts = Vec::new();
        for dead_letter in dead_letters {
            let part = read::redriven(queue, dead_letter, now).map(|redriven| {
                let begin = messages.len();
                messages.extend(redriven);
                begin..messages.len()
            });
            parts.push(part);
        }
        let sent = self.queues.live(queue).send(&messages).await;
        let mut results: Vec<RedriveResult> = parts
            .iter()
            .map(|part| match part {
                Err(reason) => RedriveResult::Kept {
                    reason: reason.clone(),
                },
                Ok(range) => outcome(&sent[range.clone()]),
            })
            .collect();
        let sent_whole: Vec<usize> = (0..results.len())
            .filter(|at| matches!(results[*at], RedriveResult::Sent { .. }))
            .collect();
        let to_delete: Vec<&ReceivedMessage> =
            sent_whole.iter().map(|at| &dead_letters[*at]).collect();
        let deleted = self.queues.dead(queue).delete(&to_delete).await;
        for (at, deleted) in sent_whole.into_iter().zip(deleted) {
            if let Err(error) = deleted {
                results[at] = RedriveResult::SentNotRemoved {
                    reason: error.to_string(),
                };
            }
        }
        let ids = dead_letters.iter().map(|one| one.message_id.clone());
        ids.zip(results)
            .map(|(message_id, result)| RedrivenDeadLetter { message_id, result })
            .collect()
    }
}

/// The ids of the requested messages; `None` for all.
fn requested(which: &Which) -> Result<Option<HashSet<&str>>, ApiError> {
    match which {
        Which::All => Ok(None),
        Which::Messages(ids) if (1..=usize::from(MOST_IDS)).contains(&ids.len()) => {
            Ok(Some(ids.iter().map(String::as_str).collect()))
        }
        Which::Messages(_) => {
            let problem = format!("must be 1 to {MOST_IDS} message ids");
            Err(ApiError::invalid("which.messages", problem))
        }
    }
}

/// A dead letter is sent if all messages made from it are.
fn outcome(sent: &[Result<(), AwsError>]) -> RedriveResult {
    match sent.iter().find_map(|one| one.as_ref().err()) {
        None => RedriveResult::Sent {
            messages: sent.len(),
        },
        Some(error) => RedriveResult::Kept {
            reason: error.to_string(),
        },
    }
}

/// Messages that were received from a queue.
struct Taken {
    matching: Vec<ReceivedMessage>,
    others: Vec<ReceivedMessage>,
}

/// Receives messages until `most` of them match, or the queue gives no more.
async fn take(
    queue: &Queue,
    most: usize,
    hidden: Duration,
    matches: impl Fn(&ReceivedMessage) -> bool,
) -> Result<Taken, ApiError> {
    let budget = Budget::of(TIME_LIMIT);
    let mut seen = HashSet::new();
    let mut taken = Taken {
        matching: Vec::new(),
        others: Vec::new(),
    };
    while taken.matching.len() < most && !budget.is_spent() {
        let messages = queue.receive(hidden).await.or_api_error()?;
        if messages.is_empty() {
            break;
        }
        for message in messages {
            if !seen.insert(message.message_id.clone()) {
                continue;
            }
            if matches(&message) {
                taken.matching.push(message);
            } else {
                taken.others.push(message);
            }
        }
    }
    Ok(taken)
}

/// Makes messages visible again. A message that cannot be released becomes visible
/// after its visibility timeout.
async fn release(queue: &Queue, messages: &[&ReceivedMessage]) {
    if let Err(error) = queue.release(messages).await {
        tracing::warn!(%error, "dead letters could not be released; they stay hidden until their visibility timeout");
    }
}

fn dead_letter(queue: DeadLetterQueue, message: &ReceivedMessage) -> DeadLetter {
    let (reason, detail) = read::reason(queue, message);
    DeadLetter {
        message_id: message.message_id.clone(),
        sent_at: message.sent_at,
        reason,
        detail,
        content: read::content(queue, message).unwrap_or_else(|problem| Content::Unreadable {
            problem,
            body: read::beginning(&message.body),
        }),
    }
}
