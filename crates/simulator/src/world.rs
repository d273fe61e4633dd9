//! What the simulator remembers: accounts of businesses, phones of customers, and the chats between them.
//!
//! Plain data with its lookups. Everything here survives a restart when a state file is configured; queues of
//! webhooks on their way live in [`crate::dispatch`] and do not.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::faults::Knobs;

/// Messages kept per chat; the oldest go first, so a load run cannot fill the memory.
const MESSAGES_PER_CHAT: usize = 1_000;
/// The time WhatsApp gives a business to answer freely.
pub const WINDOW_MS: i64 = 24 * 60 * 60 * 1_000;

/// A business's account at one provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// `telegram:7000000001`, `whatsapp:204400000000011` or `custom:shop`.
    pub key: String,
    pub name: String,
    /// What a customer would see: `@bot`, a phone number, the bridge's name.
    pub address: String,
    #[serde(default)]
    pub knobs: Knobs,
    #[serde(default)]
    pub counters: Counters,
    #[serde(flatten)]
    pub kind: AccountKind,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "provider", rename_all = "snake_case")]
pub enum AccountKind {
    Telegram(Box<TelegramBot>),
    Whatsapp(Box<WhatsappNumber>),
    Custom(Box<BridgeState>),
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct TelegramBot {
    pub id: i64,
    pub token: String,
    pub username: String,
    pub webhook: Option<TelegramWebhook>,
    pub next_update_id: i64,
    #[serde(default)]
    pub commands: Value,
    /// Callback queries that were not answered yet.
    #[serde(default)]
    pub open_queries: Vec<String>,
    #[serde(default)]
    pub last_error: Option<(i64, String)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TelegramWebhook {
    pub url: String,
    pub secret_token: Option<String>,
    pub max_connections: usize,
    /// Empty: Telegram's default set, which leaves out reactions and chat members.
    pub allowed_updates: Vec<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct WhatsappNumber {
    pub phone_number_id: String,
    pub waba_id: String,
    /// True while the id was made up because only the other one was ever mentioned.
    #[serde(default)]
    pub phone_guessed: bool,
    #[serde(default)]
    pub waba_guessed: bool,
    pub app_secret: String,
    pub verify_token: String,
    /// When set, every other bearer token is refused.
    pub access_token: Option<String>,
    pub display_phone_number: String,
    /// The app's callback, as the dashboard would hold it.
    pub webhook_url: Option<String>,
    /// Whether the WABA is subscribed to the app; nothing is delivered before.
    pub subscribed: bool,
    pub waba_override: Option<String>,
    pub phone_override: Option<String>,
}

impl WhatsappNumber {
    /// Meta's priority: the number's override, the WABA's, then the app's callback.
    pub fn callback(&self) -> Option<&str> {
        let url = self
            .phone_override
            .as_ref()
            .or(self.waba_override.as_ref())
            .or(self.webhook_url.as_ref());
        if self.subscribed { url.map(String::as_str) } else { None }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct BridgeState {
    pub bridge: String,
    pub channel_id: String,
    pub token: String,
    pub webhook_url: String,
    /// `phone` or `custom`: what the bridge puts into `contactId`.
    pub id_type: String,
}

/// What went over the wire, per account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Calls of the provider's API by method.
    pub calls: BTreeMap<String, u64>,
    /// Answers to those calls by HTTP status.
    pub answers: BTreeMap<String, u64>,
    /// Messages of the business that were accepted.
    pub accepted: u64,
    /// Accepted messages whose content equals an earlier one of the same chat.
    pub same_content: u64,
    /// Webhook requests that were sent, with retries and deliberate duplicates.
    pub webhooks: u64,
    /// Of those, the ones sent again after an answer that was not 2xx.
    pub webhook_retries: u64,
    /// Of those, deliberate duplicates.
    pub webhook_duplicates: u64,
    /// Answers to webhooks by HTTP status; `error` is a connection that failed.
    pub webhook_answers: BTreeMap<String, u64>,
    /// Events given up on.
    pub webhooks_dropped: u64,
    /// The running second and the messages in it, for the limit.
    #[serde(skip)]
    pub this_second: (i64, u32),
}

/// A customer's phone. It can talk on every channel, under the identity that channel would show.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Phone {
    pub id: String,
    pub first_name: String,
    pub last_name: String,
    pub username: Option<String>,
    /// Digits only, with the country code.
    pub phone: String,
    pub telegram_id: i64,
    /// Business-scoped user id of WhatsApp.
    pub bsuid: String,
    pub custom_id: String,
    pub language: String,
    pub country: String,
    pub email: Option<String>,
    /// A WhatsApp user who shows the username only: no phone number in webhooks.
    #[serde(default)]
    pub hides_phone: bool,
    /// Order of making.
    #[serde(default)]
    pub seq: u64,
}

impl Phone {
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Chat {
    pub account: String,
    pub phone: String,
    pub messages: VecDeque<Message>,
    pub next_message_id: i64,
    /// The customer has written to the bot at least once.
    pub started: bool,
    /// The customer blocked the business.
    pub blocked: bool,
    /// When the customer last did something that opens WhatsApp's window.
    pub last_inbound_at: Option<i64>,
    /// Until when the business is shown as typing.
    pub typing_until: i64,
    /// The keyboard Telegram shows under the text field.
    #[serde(default)]
    pub keyboard: Vec<Button>,
    /// Hashes of what the business sent, to count repetitions.
    #[serde(default)]
    pub hashes: VecDeque<u64>,
}

impl Chat {
    pub fn message(&self, id: &str) -> Option<&Message> {
        self.messages.iter().rev().find(|m| m.id == id)
    }

    pub fn message_mut(&mut self, id: &str) -> Option<&mut Message> {
        self.messages.iter_mut().rev().find(|m| m.id == id)
    }

    pub fn window_open(&self, now: i64) -> bool {
        self.last_inbound_at.is_some_and(|at| now - at < WINDOW_MS)
    }

    /// Messages the customer received, oldest first.
    pub fn received(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|m| m.from == Side::Business)
    }

    pub fn push(&mut self, message: Message) {
        self.messages.push_back(message);
        if self.messages.len() > MESSAGES_PER_CHAT {
            self.messages.pop_front();
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Customer,
    Business,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Message {
    /// The provider's id: a number for Telegram, `wamid.…`, an `mId`.
    pub id: String,
    /// Order over the whole simulator.
    pub seq: u64,
    pub from: Side,
    /// Milliseconds since 1970.
    pub at: i64,
    pub content: Content,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<i64>,
    #[serde(default)]
    pub deleted: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_reaction: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_reaction: Option<String>,
    /// The business has marked this message of the customer as read.
    #[serde(default)]
    pub read_by_business: bool,
    /// How far a message of the business came; newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<StatusChange>,
    /// The text the business wants back in statuses (WhatsApp's `biz_opaque_callback_data`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opaque: Option<String>,
    /// The price class WhatsApp would bill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// A message of the business as it was sent to the API, or its Telegram object.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub raw: Value,
}

impl Message {
    pub fn status(&self) -> Option<&str> {
        self.statuses.last().map(|s| s.status.as_str())
    }

    /// The words a person would read, whatever the kind.
    pub fn text(&self) -> &str {
        self.content.text()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusChange {
    pub status: String,
    pub at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    Text {
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        footer: Option<String>,
        /// What kind of message this text stands for: `template order_update · en_GB`, `order`, `flow answer`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
    },
    Media {
        kind: MediaKind,
        /// Id of the stored file; empty when the business gave a link that could not be fetched.
        file: String,
        mime: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        size: usize,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
    },
    Location {
        latitude: f64,
        longitude: f64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<String>,
    },
    Contacts {
        contacts: Vec<Card>,
    },
}

impl Content {
    pub fn plain(text: impl Into<String>) -> Self {
        Self::Text {
            text: text.into(),
            header: None,
            footer: None,
            label: None,
        }
    }

    pub fn labelled(label: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Text {
            text: text.into(),
            header: None,
            footer: None,
            label: Some(label.into()),
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Self::Text { text, .. } => text,
            Self::Media { caption, .. } => caption.as_deref().unwrap_or_default(),
            Self::Location { name, .. } => name.as_deref().unwrap_or_default(),
            Self::Contacts { contacts } => contacts.first().map(|c| c.name.as_str()).unwrap_or_default(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    Image,
    Video,
    Audio,
    Voice,
    Document,
    Sticker,
    Animation,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    pub name: String,
    #[serde(default)]
    pub phones: Vec<String>,
}

/// Something a customer can press under a message or above the keyboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What comes back: callback data, reply id, row id, or the text itself.
    pub id: String,
    pub title: String,
    /// `callback`, `reply`, `row`, `quick_reply`, `keyboard`, `share_phone`, `share_location`, `flow`, `url` or `other`.
    pub kind: String,
    #[serde(default)]
    pub row: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A template of a WhatsApp business account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Template {
    pub id: String,
    pub waba_id: String,
    pub name: String,
    pub language: String,
    pub category: String,
    pub status: String,
    pub parameter_format: String,
    pub components: Value,
}

/// A file sent by either side. The bytes lie beside the state, not in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FileEntry {
    pub id: String,
    pub mime: String,
    pub name: Option<String>,
    pub size: usize,
    #[serde(skip)]
    pub bytes: bytes::Bytes,
    /// WhatsApp media ids belong to one number.
    #[serde(default)]
    pub owner: Option<String>,
}

/// Everything.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct World {
    pub accounts: BTreeMap<String, Account>,
    pub phones: BTreeMap<String, Phone>,
    /// By account key, then phone id.
    pub chats: BTreeMap<String, BTreeMap<String, Chat>>,
    pub templates: Vec<Template>,
    pub files: BTreeMap<String, FileEntry>,
    pub next: u64,
}

impl World {
    /// A number that was not used before, over restarts too.
    pub fn tick(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub fn chat(&self, account: &str, phone: &str) -> Option<&Chat> {
        self.chats.get(account)?.get(phone)
    }

    /// The chat, made empty if there is none.
    pub fn chat_mut(&mut self, account: &str, phone: &str) -> &mut Chat {
        self.chats
            .entry(account.to_owned())
            .or_default()
            .entry(phone.to_owned())
            .or_insert_with(|| Chat {
                account: account.to_owned(),
                phone: phone.to_owned(),
                ..Chat::default()
            })
    }

    pub fn phone_by(&self, matches: impl Fn(&Phone) -> bool) -> Option<&Phone> {
        self.phones.values().find(|p| matches(p))
    }

    pub fn telegram(&self, key: &str) -> Option<&TelegramBot> {
        match &self.accounts.get(key)?.kind {
            AccountKind::Telegram(bot) => Some(bot),
            _ => None,
        }
    }

    pub fn telegram_mut(&mut self, key: &str) -> Option<&mut TelegramBot> {
        match &mut self.accounts.get_mut(key)?.kind {
            AccountKind::Telegram(bot) => Some(bot),
            _ => None,
        }
    }

    pub fn whatsapp(&self, key: &str) -> Option<&WhatsappNumber> {
        match &self.accounts.get(key)?.kind {
            AccountKind::Whatsapp(number) => Some(number),
            _ => None,
        }
    }

    pub fn whatsapp_mut(&mut self, key: &str) -> Option<&mut WhatsappNumber> {
        match &mut self.accounts.get_mut(key)?.kind {
            AccountKind::Whatsapp(number) => Some(number),
            _ => None,
        }
    }

    pub fn bridge(&self, key: &str) -> Option<&BridgeState> {
        match &self.accounts.get(key)?.kind {
            AccountKind::Custom(bridge) => Some(bridge),
            _ => None,
        }
    }

    /// Keys of the numbers of one WABA.
    pub fn numbers_of(&self, waba_id: &str) -> Vec<String> {
        let of = |a: &&Account| matches!(&a.kind, AccountKind::Whatsapp(n) if n.waba_id == waba_id);
        self.accounts.values().filter(of).map(|a| a.key.clone()).collect()
    }

    pub fn counters(&mut self, account: &str) -> Option<&mut Counters> {
        self.accounts.get_mut(account).map(|a| &mut a.counters)
    }
}
