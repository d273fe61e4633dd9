//! Northwind Coffee's customers. Some names are there to try the layout: very long, without spaces, right to left, an
//! emoji, or none at all.

mod earlier;
mod lately;

use super::script::Customer;
use std::sync::LazyLock;

const H: i64 = 60;
const D: i64 = 24 * H;

/// Name and description of the categories of closing notes.
pub const CATEGORIES: &[(&str, &str)] = &[
    ("Order placed", "The customer ordered, here or in the shop."),
    ("Question answered", "Opening hours, beans, brewing, allergens."),
    ("Delivery problem", "Late, lost or damaged."),
    ("Refund", "Money went back."),
    ("Wholesale", "Cafés and offices that buy from us."),
    ("Spam", "Not a customer."),
];

/// Everyone.
pub static CUSTOMERS: LazyLock<Vec<&'static Customer>> =
    LazyLock::new(|| earlier::EARLIER.iter().chain(lately::LATELY).collect());

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::script::{Act, Via::Whatsapp};
    use std::collections::BTreeSet;

    #[test]
    fn every_story_runs_forward_and_has_begun_by_its_customer() {
        for customer in CUSTOMERS.iter() {
            let agos: Vec<i64> = customer.steps.iter().map(|step| step.ago).collect();
            assert!(agos.is_sorted_by(|a, b| a >= b), "{}: {agos:?}", customer.key);
            assert!(agos.iter().all(|ago| (1..7 * D).contains(ago)), "{}", customer.key);
            assert!(matches!(customer.steps[0].act, Act::Says(_)), "{}", customer.key);
        }
    }

    #[test]
    fn keys_and_numbers_are_unique_and_categories_exist() {
        let keys: BTreeSet<_> = CUSTOMERS.iter().map(|customer| customer.key).collect();
        assert_eq!(keys.len(), CUSTOMERS.len());
        let phones: Vec<_> = CUSTOMERS
            .iter()
            .map(|customer| customer.phone)
            .filter(|phone| !phone.is_empty())
            .collect();
        assert_eq!(phones.iter().collect::<BTreeSet<_>>().len(), phones.len());
        for step in CUSTOMERS.iter().flat_map(|customer| customer.steps) {
            if let Act::Closes(_, category, _) = step.act {
                assert!(CATEGORIES.iter().any(|(name, _)| *name == category), "{category}");
            }
        }
    }

    /// WhatsApp lets a business write freely for a day after the customer's last message.
    #[test]
    fn replies_on_whatsapp_keep_within_its_window() {
        for customer in CUSTOMERS.iter().filter(|customer| customer.via == Whatsapp) {
            let mut last = None;
            for step in customer.steps {
                match step.act {
                    Act::Says(_) | Act::Sends(..) | Act::Shares(..) => last = Some(step.ago),
                    Act::Reply(..) | Act::Asks(..) => {
                        assert!(last.is_some_and(|last| last - step.ago < D), "{}", customer.key)
                    }
                    _ => {}
                }
            }
        }
    }
}
