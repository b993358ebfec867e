//! Dead letters: looking at them, and putting them back on their way.

mod read;

use std::collections::HashSet;
use std::time::Duration;

use tocsin_aws::{AwsError, Message, Queue, ReceivedMessage};
use tocsin_core::Timestamp;

use crate::Api;
use crate::messages::{
    ApiError, Content, DeadLetter, DeadLetterQueue, DeadLetters, ListDeadLetters,
    RedriveDeadLetters, RedriveResult, Redriven, RedrivenLetter, Which,
};
use crate::pagination::{Budget, limit};
use crate::validate::checked_actor;

/// How long a letter is hidden while it is looked at. It is put back before that,
/// unless the function ends in the middle.
const LOOK: Duration = Duration::from_secs(30);

/// How long it is hidden while it is put back on its way.
const MOVE: Duration = Duration::from_mins(2);

/// How long one call goes through a queue: well below both.
const LOOKING: Duration = Duration::from_secs(15);

/// Ids that one request may name.
const MOST: u16 = 500;

impl Api {
    pub(crate) async fn list_dead_letters(
        &self,
        request: ListDeadLetters,
    ) -> Result<DeadLetters, ApiError> {
        let most = limit(request.limit.map(u16::from), 20, 100)?;
        let queue = self.queues.dead(request.queue);
        let waiting = queue.depth().await?.total();
        let taken = take(queue, most, LOOK, |_| true).await?;
        let all: Vec<_> = taken.wanted.iter().chain(&taken.others).collect();
        release(queue, &all).await;
        let shown = taken.wanted.iter().take(most);
        Ok(DeadLetters {
            queue: request.queue,
            waiting,
            letters: shown
                .map(|letter| shown_of(request.queue, letter))
                .collect(),
        })
    }

    pub(crate) async fn redrive_dead_letters(
        &self,
        request: RedriveDeadLetters,
    ) -> Result<Redriven, ApiError> {
        let actor = checked_actor(request.actor)?;
        let most = limit(request.limit, 100, MOST)?;
        let asked: Option<HashSet<&str>> = match &request.which {
            Which::All => None,
            Which::Messages(ids) if (1..=usize::from(MOST)).contains(&ids.len()) => {
                Some(ids.iter().map(String::as_str).collect())
            }
            Which::Messages(_) => {
                let problem = format!("must be 1 to {MOST} message ids");
                return Err(ApiError::invalid("which.messages", problem));
            }
        };
        let most = asked.as_ref().map_or(most, |ids| most.min(ids.len()));
        let queue = self.queues.dead(request.queue);
        let is_asked = |letter: &ReceivedMessage| {
            asked
                .as_ref()
                .is_none_or(|ids| ids.contains(letter.message_id.as_str()))
        };
        let Taken {
            mut wanted,
            mut others,
        } = take(queue, most, MOVE, is_asked).await?;
        others.extend(wanted.split_off(wanted.len().min(most)));
        let letters = self.put_back(request.queue, &wanted).await;
        let kept = wanted.iter().zip(&letters);
        let kept = kept.filter(|(_, done)| matches!(done.result, RedriveResult::Kept { .. }));
        let staying: Vec<_> = kept.map(|(letter, _)| letter).chain(&others).collect();
        release(queue, &staying).await;
        for one in &letters {
            tracing::info!(
                message.id = one.message_id,
                queue = ?request.queue,
                result = ?one.result,
                actor,
                "a dead letter was taken up"
            );
        }
        let found: HashSet<&str> = letters.iter().map(|one| one.message_id.as_str()).collect();
        let not_found = asked.iter().flatten().filter(|id| !found.contains(**id));
        Ok(Redriven {
            queue: request.queue,
            not_found: not_found.map(|id| (*id).to_owned()).collect(),
            letters,
            waiting: queue.depth().await?.total(),
        })
    }

    /// Sends each letter on and then deletes it; the answers are in their order.
    async fn put_back(
        &self,
        queue: DeadLetterQueue,
        letters: &[ReceivedMessage],
    ) -> Vec<RedrivenLetter> {
        let now = Timestamp::now();
        let mut messages: Vec<Message> = Vec::new();
        let mut parts = Vec::new();
        for letter in letters {
            let part = read::onward(queue, letter, now).map(|onward| {
                let begin = messages.len();
                messages.extend(onward);
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
        let gone: Vec<usize> = (0..results.len())
            .filter(|at| matches!(results[*at], RedriveResult::Sent { .. }))
            .collect();
        let to_delete: Vec<&ReceivedMessage> = gone.iter().map(|at| &letters[*at]).collect();
        let deleted = self.queues.dead(queue).delete(&to_delete).await;
        for (at, deleted) in gone.into_iter().zip(deleted) {
            if let Err(error) = deleted {
                results[at] = RedriveResult::SentNotRemoved {
                    reason: error.to_string(),
                };
            }
        }
        let ids = letters.iter().map(|letter| letter.message_id.clone());
        ids.zip(results)
            .map(|(message_id, result)| RedrivenLetter { message_id, result })
            .collect()
    }
}

/// A letter is sent only when all that became of it is.
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

/// Letters that were taken out of a queue.
struct Taken {
    wanted: Vec<ReceivedMessage>,
    others: Vec<ReceivedMessage>,
}

/// Takes letters until there are `most` that are wanted, or no more to be had.
async fn take(
    queue: &Queue,
    most: usize,
    hidden: Duration,
    is_wanted: impl Fn(&ReceivedMessage) -> bool,
) -> Result<Taken, ApiError> {
    let budget = Budget::of(LOOKING);
    let mut seen = HashSet::new();
    let mut taken = Taken {
        wanted: Vec::new(),
        others: Vec::new(),
    };
    while taken.wanted.len() < most && !budget.is_spent() {
        let letters = queue.receive(hidden).await?;
        if letters.is_empty() {
            break;
        }
        for letter in letters {
            if !seen.insert(letter.message_id.clone()) {
                continue;
            }
            if is_wanted(&letter) {
                taken.wanted.push(letter);
            } else {
                taken.others.push(letter);
            }
        }
    }
    Ok(taken)
}

/// What cannot be put back at once comes back by itself.
async fn release(queue: &Queue, letters: &[&ReceivedMessage]) {
    if let Err(error) = queue.release(letters).await {
        tracing::warn!(%error, "dead letters stay hidden for a while");
    }
}

fn shown_of(queue: DeadLetterQueue, letter: &ReceivedMessage) -> DeadLetter {
    let (reason, detail) = read::why(queue, letter);
    DeadLetter {
        message_id: letter.message_id.clone(),
        sent_at: letter.sent_at,
        reason,
        detail,
        content: read::content(queue, letter).unwrap_or_else(|problem| Content::Unreadable {
            problem,
            body: read::beginning(&letter.body),
        }),
    }
}
