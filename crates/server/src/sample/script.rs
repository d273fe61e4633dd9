//! The words in which the sample conversations are written.

/// A colleague at Northwind Coffee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Owner.
    Olivia,
    /// Manager.
    Marcus,
    /// Agent.
    Aisha,
}

/// The channel a customer writes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    Telegram,
    Whatsapp,
    Website,
    Wholesale,
}

/// Files a customer sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    Photo,
    Voice,
    Document,
}

/// Something that happens in a conversation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Act {
    Says(&'static str),
    Sends(Sample, &'static str),
    /// Latitude, longitude, name.
    Shares(f64, f64, &'static str),
    Reply(Who, &'static str),
    /// Question and tappable answers.
    Asks(Who, &'static str, &'static [&'static str]),
    /// A comment; `@Marcus` mentions him.
    Notes(Who, &'static str),
    Assigns(Who, Who),
    /// Category and summary.
    Closes(Who, &'static str, &'static str),
    /// For so many hours from now, the real one.
    Snoozes(Who, i64),
    Opens(Who),
}

/// An act, so many minutes before the present.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    pub ago: i64,
    pub act: Act,
}

pub const fn says(ago: i64, text: &'static str) -> Step {
    Step {
        ago,
        act: Act::Says(text),
    }
}

pub const fn sends(ago: i64, file: Sample, caption: &'static str) -> Step {
    Step {
        ago,
        act: Act::Sends(file, caption),
    }
}

pub const fn shares(ago: i64, latitude: f64, longitude: f64, name: &'static str) -> Step {
    Step {
        ago,
        act: Act::Shares(latitude, longitude, name),
    }
}

pub const fn reply(ago: i64, who: Who, text: &'static str) -> Step {
    Step {
        ago,
        act: Act::Reply(who, text),
    }
}

pub const fn asks(ago: i64, who: Who, question: &'static str, answers: &'static [&'static str]) -> Step {
    Step {
        ago,
        act: Act::Asks(who, question, answers),
    }
}

pub const fn notes(ago: i64, who: Who, text: &'static str) -> Step {
    Step {
        ago,
        act: Act::Notes(who, text),
    }
}

pub const fn assigns(ago: i64, who: Who, to: Who) -> Step {
    Step {
        ago,
        act: Act::Assigns(who, to),
    }
}

pub const fn closes(ago: i64, who: Who, category: &'static str, summary: &'static str) -> Step {
    Step {
        ago,
        act: Act::Closes(who, category, summary),
    }
}

pub const fn snoozes(ago: i64, who: Who, hours: i64) -> Step {
    Step {
        ago,
        act: Act::Snoozes(who, hours),
    }
}

pub const fn opens(ago: i64, who: Who) -> Step {
    Step {
        ago,
        act: Act::Opens(who),
    }
}

/// A customer and what happened.
pub struct Customer {
    /// Id of the phone; on the website, the visitor.
    pub key: &'static str,
    pub via: Via,
    pub first: &'static str,
    pub last: &'static str,
    /// ISO 639-1.
    pub language: &'static str,
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// Digits with the calling code.
    pub phone: &'static str,
    /// From the oldest to the newest.
    pub steps: &'static [Step],
}

pub const fn customer(
    key: &'static str,
    via: Via,
    name: (&'static str, &'static str),
    (language, country, phone): (&'static str, &'static str, &'static str),
    steps: &'static [Step],
) -> Customer {
    Customer {
        key,
        via,
        first: name.0,
        last: name.1,
        language,
        country,
        phone,
        steps,
    }
}
