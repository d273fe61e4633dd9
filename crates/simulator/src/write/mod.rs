//! What a customer does on the phone, and what the provider tells the business about it.

mod alter;
mod say;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::simulator::Simulator;
use crate::world::{Card, Content, MediaKind, Message, Phone};
use crate::{Error, Result};

/// One thing a customer does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Write {
    #[serde(flatten)]
    pub what: What,
    /// Quote this message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Marked as forwarded.
    #[serde(default)]
    pub forwarded: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    Text {
        text: String,
    },
    /// A file: one uploaded before (`file`), given in Base64 (`data`), or a sample of the kind.
    Media {
        media: MediaKind,
        #[serde(default)]
        file: Option<String>,
        #[serde(default)]
        data: Option<String>,
        #[serde(default)]
        mime: Option<String>,
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        caption: Option<String>,
    },
    /// Several sample photos at once; the caption is on the first.
    Album {
        count: usize,
        #[serde(default)]
        caption: Option<String>,
    },
    Location {
        latitude: f64,
        longitude: f64,
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        address: Option<String>,
    },
    /// A contact card; without a name, the customer's own.
    Contact {
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        phone: Option<String>,
    },
    /// `emoji: null` takes it back.
    Reaction {
        message: String,
        emoji: Option<String>,
    },
    Edit {
        message: String,
        text: String,
    },
    Delete {
        message: String,
    },
    /// Press a button of a received message, by its id or title; without a message, one of the keyboard.
    Press {
        #[serde(default)]
        message: Option<String>,
        button: String,
    },
    Block,
    Unblock,
    /// Telegram's Start button, perhaps from a deep link.
    Start {
        #[serde(default)]
        payload: Option<String>,
    },
    /// WhatsApp: a cart.
    Order {
        #[serde(default)]
        text: Option<String>,
        #[serde(default)]
        items: Option<Value>,
    },
    /// WhatsApp: the answer to a flow.
    Flow {
        #[serde(default)]
        message: Option<String>,
        #[serde(default)]
        response: Option<Value>,
    },
    /// Something the provider does not pass on, such as a poll.
    Unsupported {
        #[serde(default)]
        what: Option<String>,
    },
    /// WhatsApp: a first message from an advertisement.
    Referral {
        text: String,
        #[serde(default)]
        referral: Option<Value>,
    },
    /// Any JSON in the place of the event: a Telegram update without its number, an entry of WhatsApp's `messages`, a
    /// bridge's event.
    Raw {
        event: Value,
    },
}

impl Write {
    pub fn text(text: impl Into<String>) -> Self {
        What::Text { text: text.into() }.into()
    }

    /// A sample file of the kind.
    pub fn sample(media: MediaKind, caption: Option<&str>) -> Self {
        let caption = caption.map(str::to_owned);
        What::Media {
            media,
            file: None,
            data: None,
            mime: None,
            name: None,
            caption,
        }
        .into()
    }

    pub fn replying_to(mut self, message: &str) -> Self {
        self.reply_to = Some(message.to_owned());
        self
    }
}

impl From<What> for Write {
    fn from(what: What) -> Self {
        Self {
            what,
            reply_to: None,
            forwarded: false,
        }
    }
}

/// A message of the customer that is about to be written down, with what only its webhook says.
struct Draft {
    content: Content,
    album: Option<String>,
    /// Extra fields of the provider's message object.
    extra: Value,
}

impl Draft {
    fn new(content: Content) -> Self {
        Self {
            content,
            album: None,
            extra: Value::Null,
        }
    }

    fn with(mut self, extra: Value) -> Self {
        self.extra = extra;
        self
    }
}

fn refused<T>(text: &str) -> Result<T> {
    Err(Error::Refused(text.to_owned()))
}

impl Simulator {
    /// Does something as a customer. Returns the messages that appeared or changed on the phone; the business hears of
    /// it by webhook.
    pub async fn customer_writes(&self, account: &str, phone: &str, write: impl Into<Write>) -> Result<Vec<Message>> {
        let write = write.into();
        let Some(kind) = self.kind_of(account) else {
            return Err(Error::NotFound(format!(
                "There is no account {account}; see GET /sim/api/accounts."
            )));
        };
        let Some(person) = self.read(|world| world.phones.get(phone).cloned()) else {
            return Err(Error::NotFound(format!(
                "There is no phone {phone}; see GET /sim/api/phones."
            )));
        };
        let act = Act {
            sim: self,
            account,
            kind,
            phone: &person,
            reply_to: write.reply_to.clone(),
            forwarded: write.forwarded,
        };
        act.run(write.what)
    }
}

struct Act<'a> {
    sim: &'a Simulator,
    account: &'a str,
    kind: &'static str,
    phone: &'a Phone,
    reply_to: Option<String>,
    forwarded: bool,
}

impl Act<'_> {
    fn run(&self, what: What) -> Result<Vec<Message>> {
        match what {
            What::Text { text } if text.is_empty() => refused("The text is empty."),
            What::Text { text } => self.say(vec![Draft::new(Content::plain(text))]),
            What::Media {
                media,
                file,
                data,
                mime,
                name,
                caption,
            } => {
                let entry = self.file(media, file, data, mime, name)?;
                self.say(vec![Draft::new(Simulator::media(media, &entry, caption))])
            }
            What::Album { count, caption } => self.album(count, caption),
            What::Location {
                latitude,
                longitude,
                name,
                address,
            } => {
                if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
                    return refused("These are no coordinates.");
                }
                self.say(vec![Draft::new(Content::Location {
                    latitude,
                    longitude,
                    name,
                    address,
                })])
            }
            What::Contact { name, phone } => {
                let name = name.unwrap_or_else(|| self.phone.name());
                let phones = vec![phone.unwrap_or_else(|| format!("+{}", self.phone.phone))];
                self.say(vec![Draft::new(Content::Contacts {
                    contacts: vec![Card { name, phones }],
                })])
            }
            What::Reaction { message, emoji } => self.react(&message, emoji.filter(|e| !e.is_empty())),
            What::Edit { message, text } => self.edit(&message, text),
            What::Delete { message } => self.delete(&message),
            What::Press { message, button } => self.press(message.as_deref(), &button),
            What::Block => self.block(true),
            What::Unblock => self.block(false),
            What::Start { payload } => self.start(payload.as_deref()),
            What::Order { text, items } => {
                self.only("whatsapp", "Orders")?;
                let items = items.unwrap_or_else(
                    || json!([{"product_retailer_id": "MUG-2", "quantity": 2, "item_price": 11.5, "currency": "GBP"}]),
                );
                let shown = items.as_array().map_or(0, Vec::len);
                let order =
                    json!({"catalog_id": "9001", "text": text.clone().unwrap_or_default(), "product_items": items});
                let words = text.unwrap_or_else(|| {
                    if shown == 1 {
                        "1 product".to_owned()
                    } else {
                        format!("{shown} products")
                    }
                });
                self.say(vec![
                    Draft::new(Content::labelled("order", words)).with(json!({"type": "order", "order": order})),
                ])
            }
            What::Flow { message, response } => self.flow(message, response),
            What::Unsupported { what } => self.unsupported(what),
            What::Referral { text, referral } => {
                self.only("whatsapp", "Referrals")?;
                let referral = referral.unwrap_or_else(|| json!({
                    "source_url": "https://fb.example/ad/1", "source_id": "120001", "source_type": "ad", "headline": "Mugs",
                    "body": "Two for one", "media_type": "image", "image_url": "https://cdn.example/ad.jpg", "ctwa_clid": "CLID-77",
                }));
                let content = Content::labelled("from an advertisement", text.clone());
                self.say(vec![
                    Draft::new(content).with(json!({"type": "text", "text": {"body": text}, "referral": referral})),
                ])
            }
            What::Raw { event } => self.raw(event),
        }
    }
}
