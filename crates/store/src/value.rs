//! Values that cross the border between Rust and the two databases.

use crate::error::{Error, Result};
use ism_domain::Timestamp;
use ism_domain::content::clean_text;
use serde::{Serialize, de::DeserializeOwned};

/// A value bound to a statement or read from a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Val {
    Null,
    Bool(bool),
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// For `= ANY(?)`.
    Ints(Vec<i64>),
    /// For `= ANY(?)`.
    Texts(Vec<String>),
    /// One column of a multi-row write (PostgreSQL's `unnest`).
    Column(Kind, Vec<Val>),
}

/// The types of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Int,
    Text,
    Bytes,
}

impl Kind {
    /// PostgreSQL's name of an array of this type.
    pub(crate) const fn array(self) -> &'static str {
        match self {
            Self::Bool => "boolean[]",
            Self::Int => "bigint[]",
            Self::Text => "text[]",
            Self::Bytes => "bytea[]",
        }
    }
}

/// A Rust type that has a column type.
pub trait Column: Sized {
    /// The column's type.
    const KIND: Kind;
    /// To the database.
    fn to_val(&self) -> Val;
    /// From the database; the error is a sentence.
    fn from_val(val: Val) -> Result<Self, String>;
}

fn unexpected<T>(val: &Val) -> Result<T, String> {
    let found = match val {
        Val::Null => "nothing",
        Val::Bool(_) => "a boolean",
        Val::Int(_) => "a number",
        Val::Real(_) => "a float",
        Val::Text(_) => "text",
        Val::Bytes(_) => "bytes",
        Val::Ints(_) | Val::Texts(_) | Val::Column(..) => "a list",
    };
    Err(format!(
        "found {found} where a {} was expected",
        std::any::type_name::<T>()
    ))
}

impl Column for i64 {
    const KIND: Kind = Kind::Int;
    fn to_val(&self) -> Val {
        Val::Int(*self)
    }
    fn from_val(val: Val) -> Result<Self, String> {
        match val {
            Val::Int(number) => Ok(number),
            other => unexpected(&other),
        }
    }
}

impl Column for bool {
    const KIND: Kind = Kind::Bool;
    fn to_val(&self) -> Val {
        Val::Bool(*self)
    }
    fn from_val(val: Val) -> Result<Self, String> {
        match val {
            Val::Bool(flag) => Ok(flag),
            Val::Int(number) => Ok(number != 0),
            other => unexpected(&other),
        }
    }
}

impl Column for String {
    const KIND: Kind = Kind::Text;
    fn to_val(&self) -> Val {
        Val::Text(clean_text(self))
    }
    fn from_val(val: Val) -> Result<Self, String> {
        match val {
            Val::Text(text) => Ok(text),
            other => unexpected(&other),
        }
    }
}

impl Column for Vec<u8> {
    const KIND: Kind = Kind::Bytes;
    fn to_val(&self) -> Val {
        Val::Bytes(self.clone())
    }
    fn from_val(val: Val) -> Result<Self, String> {
        match val {
            Val::Bytes(bytes) => Ok(bytes),
            other => unexpected(&other),
        }
    }
}

impl Column for Timestamp {
    const KIND: Kind = Kind::Int;
    fn to_val(&self) -> Val {
        Val::Int(self.0)
    }
    fn from_val(val: Val) -> Result<Self, String> {
        i64::from_val(val).map(Timestamp)
    }
}

impl<T: Column> Column for Option<T> {
    const KIND: Kind = T::KIND;
    fn to_val(&self) -> Val {
        self.as_ref().map_or(Val::Null, Column::to_val)
    }
    fn from_val(val: Val) -> Result<Self, String> {
        match val {
            Val::Null => Ok(None),
            other => T::from_val(other).map(Some),
        }
    }
}

/// Implements [`Column`] for ids.
macro_rules! id_columns {
    ($($name:ident)+) => {$(
        impl Column for ism_domain::$name {
            const KIND: Kind = Kind::Int;
            fn to_val(&self) -> Val {
                Val::Int(self.0)
            }
            fn from_val(val: Val) -> Result<Self, String> {
                i64::from_val(val).map(Self)
            }
        }
        impl From<ism_domain::$name> for Val {
            fn from(id: ism_domain::$name) -> Self {
                Self::Int(id.0)
            }
        }
    )+};
}
id_columns!(OrganizationId WorkspaceId UserId ChannelId ContactId ContactChannelId ConversationId MessageId CommentId AttachmentId CategoryId InvitationId TokenId);

/// Implements [`Column`] for enums that have one name per variant.
macro_rules! name_columns {
    ($($name:path),+ $(,)?) => {$(
        impl Column for $name {
            const KIND: Kind = Kind::Text;
            fn to_val(&self) -> Val {
                Val::Text(self.as_str().to_owned())
            }
            fn from_val(val: Val) -> Result<Self, String> {
                String::from_val(val)?.parse().map_err(|error: ism_domain::message::UnknownName| error.to_string())
            }
        }
        impl From<$name> for Val {
            fn from(name: $name) -> Self {
                Self::Text(name.as_str().to_owned())
            }
        }
    )+};
}
name_columns!(
    ism_domain::access::Role,
    ism_domain::channel::ChannelStatus,
    ism_domain::conversation::ConversationStatus,
    ism_domain::conversation::OpenSource,
    ism_domain::conversation::CloseSource,
    ism_domain::conversation::ContactType,
    ism_domain::event::ActorKind,
    ism_domain::event::EventKind,
    ism_domain::message::Direction,
    ism_domain::message::SenderSource,
    ism_domain::message::Status,
);

/// Implements [`Column`] for values kept as JSON text.
macro_rules! json_columns {
    ($($name:ty),+ $(,)?) => {$(
        impl Column for $name {
            const KIND: Kind = Kind::Text;
            fn to_val(&self) -> Val {
                Val::Text(to_json(self))
            }
            fn from_val(val: Val) -> Result<Self, String> {
                from_json(&String::from_val(val)?)
            }
        }
    )+};
}
json_columns!(
    serde_json::Value,
    serde_json::Map<String, serde_json::Value>,
    ism_domain::content::Content,
    ism_domain::message::Failure,
    Vec<ism_domain::message::StatusChange>,
    Vec<ism_domain::message::Reaction>,
    Vec<ism_domain::message::Revision>,
    Vec<ism_domain::inbound::Identity>,
    Vec<ism_domain::UserId>,
);

/// JSON text of a value whose serialisation cannot fail.
pub(crate) fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

impl From<i64> for Val {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}
impl From<bool> for Val {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}
impl From<&str> for Val {
    fn from(text: &str) -> Self {
        Self::Text(clean_text(text))
    }
}
impl From<String> for Val {
    fn from(text: String) -> Self {
        Self::Text(without_nul(text))
    }
}
impl From<Timestamp> for Val {
    fn from(at: Timestamp) -> Self {
        Self::Int(at.0)
    }
}
impl From<Vec<u8>> for Val {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}
impl<T: Into<Val>> From<Option<T>> for Val {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
impl From<Vec<String>> for Val {
    fn from(list: Vec<String>) -> Self {
        Self::Texts(list.into_iter().map(without_nul).collect())
    }
}

/// PostgreSQL refuses NUL in text and SQLite's functions stop at it, so neither ever sees one: not in what is stored, and
/// not in what is looked for.
fn without_nul(text: String) -> String {
    if text.contains('\0') { clean_text(&text) } else { text }
}

/// Ids as a list for `= ANY(?)`.
pub fn ids<T: Into<i64>>(list: impl IntoIterator<Item = T>) -> Val {
    Val::Ints(list.into_iter().map(Into::into).collect())
}

/// A row as read: values in the order of the select list.
#[derive(Debug)]
pub struct Row {
    values: std::vec::IntoIter<Val>,
    at: usize,
}

impl Row {
    pub(crate) fn new(values: Vec<Val>) -> Self {
        Self {
            values: values.into_iter(),
            at: 0,
        }
    }

    /// The next value of the row.
    ///
    /// # Errors
    /// When the column is not of this type, or the row has no more.
    pub fn take<T: Column>(&mut self) -> Result<T> {
        let column = self.at;
        self.at += 1;
        let val = self.values.next().ok_or_else(|| Error::Value {
            column,
            message: "the row has no such column".to_owned(),
        })?;
        T::from_val(val).map_err(|message| Error::Value { column, message })
    }
}
