//! Plays the conversations, each act at its time.

use super::cast::CUSTOMERS;
use super::clock::TimeMachine;
use super::company::{Company, Line};
use super::script::{Act, Customer, Sample, Via, Who};
use crate::failure::Failure;
use ism_domain::content::Content;
use ism_domain::inbound::{Identity, Inbound, InboundMessage, Profile};
use ism_domain::message::{Direction, Message, Status};
use ism_domain::{ContactId, MessageId, Timestamp};
use ism_services::Services;
use ism_services::messages::Draft;
use ism_simulator::world::MediaKind;
use ism_simulator::{Knobs, Simulator, What, Write};
use ism_store::tables::{contacts, messages};
use ism_store::{Clock, SystemClock};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How far back the company is founded: before the first act.
pub const SPAN: i64 = 7 * Timestamp::DAY;
/// How long one act may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// Plays everything.
///
/// # Errors
/// When something does not arrive, or is refused.
pub async fn play(
    services: &Services,
    simulator: &Simulator,
    clock: &TimeMachine,
    company: &Company,
) -> Result<(), Failure> {
    let mut order: Vec<(usize, usize)> = CUSTOMERS
        .iter()
        .enumerate()
        .flat_map(|(who, customer)| (0..customer.steps.len()).map(move |step| (who, step)))
        .collect();
    // Stable: within a minute, each customer's steps stay in their order.
    order.sort_by_key(|(who, step)| -CUSTOMERS[*who].steps[*step].ago);
    let mut known = HashMap::new();
    for (who, step) in order {
        let customer = &CUSTOMERS[who];
        let step = customer.steps[step];
        clock.set_back(step.ago * Timestamp::MINUTE);
        let scene = known.entry(customer.key).or_insert(Scene {
            contact: None,
            written: 0,
            said: 0,
        });
        Play {
            services,
            simulator,
            company,
            customer,
            line: company.line(customer.via)?,
            scene,
        }
        .act(step.act)
        .await?;
    }
    for via in [Via::Telegram, Via::Whatsapp, Via::Wholesale] {
        let account = &company.line(via)?.account;
        simulator.set_knobs(account, |knobs| *knobs = Knobs::default()).await?;
    }
    Ok(())
}

/// What is known of a customer so far.
struct Scene {
    contact: Option<ContactId>,
    /// Messages the customer has written.
    written: usize,
    /// Messages to the customer.
    said: usize,
}

struct Play<'a> {
    services: &'a Services,
    simulator: &'a Simulator,
    company: &'a Company,
    customer: &'a Customer,
    line: &'a Line,
    scene: &'a mut Scene,
}

impl Play<'_> {
    async fn act(&mut self, act: Act) -> Result<(), Failure> {
        match act {
            Act::Says(text) => self.write(Write::text(text), text).await,
            Act::Sends(file, caption) => {
                let kind = match file {
                    Sample::Photo => MediaKind::Image,
                    Sample::Voice => MediaKind::Voice,
                    Sample::Document => MediaKind::Document,
                };
                self.write(
                    Write::sample(kind, Some(caption).filter(|caption| !caption.is_empty())),
                    caption,
                )
                .await
            }
            Act::Shares(latitude, longitude, name) => {
                let what = What::Location {
                    latitude,
                    longitude,
                    name: Some(name.to_owned()),
                    address: None,
                };
                self.write(what.into(), name).await
            }
            Act::Reply(who, text) => self.reply(who, Content::Text { text: text.to_owned() }).await,
            Act::Asks(who, question, answers) => {
                let replies = answers.iter().map(|answer| (*answer).to_owned()).collect();
                self.reply(
                    who,
                    Content::QuickReply {
                        title: question.to_owned(),
                        replies,
                    },
                )
                .await
            }
            _ => self.inside(act).await,
        }
    }

    /// What colleagues do among themselves.
    async fn inside(&self, act: Act) -> Result<(), Failure> {
        let (services, company) = (self.services, self.company);
        let contact = self.contact()?;
        if let Act::Notes(who, _) | Act::Assigns(who, _) | Act::Closes(who, ..) | Act::Snoozes(who, _) = act {
            // Whoever does these has the conversation before their eyes.
            services.mark_read(company.member(who)?, contact, true).await?;
        }
        match act {
            Act::Notes(who, text) => {
                let text = self.mentioning(text)?;
                services.comment(company.member(who)?, contact, text, None).await?;
            }
            Act::Assigns(who, to) => {
                services
                    .assign(company.member(who)?, contact, Some(company.user(to)?))
                    .await?;
            }
            Act::Closes(who, category, summary) => {
                let summary = Some(summary.to_owned()).filter(|summary| !summary.is_empty());
                services
                    .close_conversation(company.member(who)?, contact, company.category(category), summary)
                    .await?;
            }
            Act::Snoozes(who, hours) => {
                let until = SystemClock.now().plus(hours * Timestamp::HOUR);
                services.snooze(company.member(who)?, contact, until).await?;
            }
            Act::Opens(who) => {
                services.open_conversation(company.member(who)?, contact).await?;
            }
            Act::Says(_) | Act::Sends(..) | Act::Shares(..) | Act::Reply(..) | Act::Asks(..) => {}
        }
        Ok(())
    }

    fn contact(&self) -> Result<ContactId, Failure> {
        self.scene
            .contact
            .ok_or_else(|| Failure::new("sample", format!("{} has not written yet.", self.customer.key)))
    }

    fn mentioning(&self, text: &str) -> Result<String, Failure> {
        let mut text = text.to_owned();
        for who in [Who::Olivia, Who::Marcus, Who::Aisha] {
            text = text.replace(
                &format!("@{who:?}"),
                &format!("{{{{@user.{}}}}}", self.company.user(who)?),
            );
        }
        Ok(text)
    }

    /// The customer writes; ends when the message is in the inbox.
    async fn write(&mut self, write: Write, text: &str) -> Result<(), Failure> {
        self.scene.written += 1;
        match self.customer.via {
            Via::Website => self.visit(text).await?,
            _ => drop(
                self.simulator
                    .customer_writes(&self.line.account, self.customer.key, write)
                    .await?,
            ),
        }
        let written = self.scene.written;
        let contact = self
            .until("A message of a customer", async || {
                let (contact, messages) = self.history().await?;
                let arrived = messages
                    .iter()
                    .filter(|message| message.direction == Direction::Incoming)
                    .count();
                Ok(contact.filter(|_| arrived >= written))
            })
            .await?;
        self.scene.contact = Some(contact);
        Ok(())
    }

    /// A visitor of the website has no provider: the widget hands messages to ingest itself.
    async fn visit(&self, text: &str) -> Result<(), Failure> {
        let customer = self.customer;
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let profile = Profile {
            identities: vec![self.identity()],
            first_name: given(customer.first),
            last_name: given(customer.last),
            phone: given(customer.phone).map(|phone| format!("+{phone}")),
            language: given(customer.language),
            country_code: given(customer.country),
            ..Profile::default()
        };
        let message = InboundMessage {
            external_id: format!("{}:{}", self.identity().key(), self.scene.written),
            profile,
            content: Content::Text { text: text.to_owned() },
            media: None,
            at: self.services.store.now(),
            reply_to: None,
            album: None,
            forwarded: false,
            referral: None,
        };
        self.services
            .deliver(self.line.live.clone(), vec![Inbound::Message(Box::new(message))])
            .await?;
        Ok(())
    }

    /// A colleague answers; ends when the provider has taken it.
    async fn reply(&mut self, who: Who, content: Content) -> Result<(), Failure> {
        let contact = self.contact()?;
        self.scene.said += 1;
        let draft = Draft {
            client_id: Some(format!("sample-{}-{}", self.customer.key, self.scene.said)),
            channel_id: Some(self.line.live.row.id),
            content,
            reply_to: None,
        };
        let sent = self
            .services
            .send_message(self.company.member(who)?, contact, draft)
            .await?;
        let wanted = match self.customer.via {
            Via::Whatsapp | Via::Wholesale => Status::Delivered,
            Via::Telegram | Via::Website => Status::Sent,
        };
        self.until("An answer to a customer", async || {
            self.has_reached(sent.id, wanted).await
        })
        .await?;
        if self.customer.via == Via::Whatsapp {
            self.simulator
                .customer_reads(&self.line.account, self.customer.key)
                .await?;
            self.until("Word that a customer has read", async || {
                self.has_reached(sent.id, Status::Read).await
            })
            .await?;
        }
        Ok(())
    }

    async fn has_reached(&self, id: MessageId, wanted: Status) -> Result<Option<()>, Failure> {
        let workspace = self.company.workspace;
        let message = self
            .services
            .store
            .read(workspace, move |tx| messages::get(tx, workspace, id))
            .await?;
        let status = message.and_then(|message| message.status);
        if status == Some(Status::Failed) {
            return Err(Failure::new("sample", "The simulator refused an answer."));
        }
        Ok(status
            .filter(|status| *status == wanted || wanted.is_superseded_by(*status))
            .map(drop))
    }

    fn identity(&self) -> Identity {
        let customer = self.customer;
        match customer.via {
            Via::Telegram => {
                let number = CUSTOMERS
                    .iter()
                    .position(|other| other.key == customer.key)
                    .unwrap_or_default();
                Identity::new(
                    "telegram",
                    (super::company::TELEGRAM_IDS + i64::try_from(number).unwrap_or_default()).to_string(),
                )
            }
            Via::Whatsapp => Identity::new("wa_phone", customer.phone),
            Via::Wholesale => Identity::new("custom", customer.key),
            // Those the website knows by name are its users.
            Via::Website if customer.first.is_empty() => Identity::new("visitor", customer.key),
            Via::Website => Identity::new("user", customer.key),
        }
    }

    /// The customer's contact and messages, as the inbox has them.
    async fn history(&self) -> Result<(Option<ContactId>, Vec<Message>), Failure> {
        let (workspace, channel, key) = (self.company.workspace, self.line.live.row.id, self.identity().key());
        Ok(self
            .services
            .store
            .read(workspace, move |tx| {
                let Some(link) = contacts::channel_by_identity(tx, workspace, channel, &key)? else {
                    return Ok((None, Vec::new()));
                };
                let rows = messages::on_channel_before(tx, workspace, link.contact_id, link.id, i64::MAX, 100)?;
                Ok::<_, ism_store::Error>((Some(link.contact_id), rows))
            })
            .await?)
    }

    /// Looks again after every commit until there is something to see.
    async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Result<Option<T>, Failure>) -> Result<T, Failure> {
        let deadline = Instant::now() + PATIENCE;
        let mut wakes = self.services.bus.subscribe_wakes();
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            if timeout_at(deadline, wakes.next()).await.is_err() {
                return Err(Failure::new(
                    "sample",
                    format!(
                        "{} did not arrive within {} s: can the simulator reach the server at {}?",
                        what,
                        PATIENCE.as_secs(),
                        self.services.settings.public_url
                    ),
                ));
            }
        }
    }
}
