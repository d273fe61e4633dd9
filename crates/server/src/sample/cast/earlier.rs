//! Those whose story begins before yesterday.

use super::{D, H};
use crate::sample::script::{
    Customer, Sample,
    Via::{Telegram, Website, Whatsapp, Wholesale},
    Who::{Aisha, Marcus, Olivia},
    asks, assigns, closes, customer, notes, reply, says, sends, shares, snoozes,
};

pub(super) const EARLIER: &[Customer] = &[
    customer(
        "ingrid",
        Telegram,
        ("Ingrid", "Solberg"),
        ("no", "NO", "4790012001"),
        &[
            says(
                6 * D + 40,
                "Hi! Do you roast on Mondays? I'd like the beans as fresh as possible.",
            ),
            reply(
                6 * D + 33,
                Aisha,
                "Hi Ingrid! We roast Mondays and Thursdays; what you order by Sunday evening leaves on Tuesday.",
            ),
            says(6 * D + 30, "Perfect, two bags of the Ethiopian then."),
            reply(
                6 * D + 21,
                Aisha,
                "Done. You'll get the tracking number on Tuesday morning.",
            ),
            closes(
                6 * D + 20,
                Aisha,
                "Order placed",
                "2 × Ethiopia Guji, 250 g, for Tuesday.",
            ),
        ],
    ),
    customer(
        "mateo",
        Whatsapp,
        ("Mateo", "Álvarez"),
        ("es", "ES", "34600012002"),
        &[
            says(5 * D + 9 * H, "Hola, ¿tenéis café descafeinado en grano?"),
            reply(
                5 * D + 9 * H - 12,
                Marcus,
                "Hola Mateo, sí: Colombia Huila, descafeinado con caña de azúcar. 250 g o 1 kg.",
            ),
            says(5 * D + 8 * H, "Un kilo, por favor."),
            closes(5 * D + 7 * H, Marcus, "Order placed", "1 kg decaf Huila."),
            says(26 * H, "Buenos días, ¿puedo cambiar el próximo pedido a 500 g?"),
            reply(25 * H + 30, Marcus, "Claro, Mateo. A partir de este mes recibes 500 g."),
            closes(25 * H, Marcus, "Question answered", "Subscription changed to 500 g."),
        ],
    ),
    customer(
        "priya",
        Whatsapp,
        ("Priya", "Natarajan"),
        ("en", "IN", "919800012003"),
        &[
            says(5 * D + 2 * H, "Hello, my grinder arrived with a cracked lid."),
            sends(5 * D + 2 * H - 2, Sample::Photo, "Here, on the left side"),
            reply(
                5 * D + H,
                Aisha,
                "Oh no, I'm sorry! Could you tell me the number on the delivery note?",
            ),
            says(5 * D + 55, "NW-20418"),
            notes(5 * D + 50, Aisha, "@Marcus third cracked lid this month. Same carrier?"),
            notes(
                5 * D + 35,
                Marcus,
                "Yes. I've asked them for double boxing from Monday.",
            ),
            reply(5 * D + 30, Aisha, "Thank you. A new lid leaves today, nothing to pay."),
            closes(
                4 * D + 22 * H,
                Aisha,
                "Delivery problem",
                "Grinder lid cracked in transit, replacement sent (NW-20418).",
            ),
        ],
    ),
    customer(
        "kenji",
        Telegram,
        ("健二", "田中"),
        ("ja", "JP", "819012340004"),
        &[
            says(4 * D + 8 * H, "こんにちは。日本への配送は可能ですか？"),
            reply(
                4 * D + 7 * H,
                Olivia,
                "こんにちは！はい、日本へは5〜7営業日でお届けします。送料は2kgまで18ユーロです。",
            ),
            says(4 * D + 6 * H + 50, "ありがとうございます。検討します。"),
            closes(4 * D + 6 * H, Olivia, "Question answered", "Shipping to Japan."),
        ],
    ),
    customer(
        "fatima",
        Whatsapp,
        ("فاطمة", "الزهراء"),
        ("ar", "AE", "971500012005"),
        &[
            says(3 * D + 5 * H, "مرحبا، هل يمكنني طلب قهوة عربية بالهيل؟"),
            reply(
                3 * D + 5 * H - 15,
                Aisha,
                "أهلاً فاطمة! نعم، لدينا تحميصة فاتحة مع هيل أخضر، ٢٥٠ غرام.",
            ),
            says(3 * D + 4 * H, "ممتاز، أريد ثلاث عبوات من فضلك. هل التوصيل إلى دبي متاح؟"),
            reply(
                3 * D + 3 * H + 50,
                Aisha,
                "نعم، خلال أربعة أيام. أرسلي لنا العنوان وسنؤكد الطلب.",
            ),
            shares(3 * D + 3 * H, 25.2048, 55.2708, "دبي مارينا"),
            closes(
                3 * D + 2 * H,
                Aisha,
                "Order placed",
                "3 × Arabic roast with cardamom, Dubai.",
            ),
            says(55, "وصلت القهوة اليوم، شكراً جزيلاً! الطعم رائع 🌹"),
        ],
    ),
    customer(
        "wolfeschlegel",
        Telegram,
        ("Hubert Blaine", "Wolfeschlegelsteinhausenbergerdorff-Thistlethwaite"),
        ("de", "DE", "4915100012006"),
        &[
            says(
                3 * D + 3 * H,
                "Guten Tag, kann ich meine Bestellung NW-20377 noch ändern? Ich hätte lieber die grob gemahlene Sorte für die French Press, und bitte an die Büroadresse statt nach Hause, weil tagsüber niemand da ist.",
            ),
            reply(
                3 * D + 2 * H + 40,
                Marcus,
                "Guten Tag Herr Wolfeschlegel, das klappt noch. Wie lautet die Büroadresse?",
            ),
            says(
                3 * D + 2 * H,
                "Donaudampfschifffahrtsgesellschaftsstraße 112, Hinterhof, zweiter Aufgang, 94032 Passau",
            ),
            closes(3 * D + H, Marcus, "Order placed", "NW-20377: coarse, office address."),
        ],
    ),
    customer(
        "emoji",
        Telegram,
        ("🌻 Flo 🌻", ""),
        ("en", "GB", "447700012007"),
        &[
            says(2 * D + 9 * H, "☕️☕️☕️???"),
            reply(2 * D + 8 * H + 50, Aisha, "Three of our house blend, as always? 😄"),
            says(2 * D + 8 * H + 48, "👍"),
            closes(2 * D + 8 * H, Aisha, "Order placed", "3 × house blend."),
        ],
    ),
    customer(
        "noname",
        Whatsapp,
        ("", ""),
        ("en", "US", "14155550108"),
        &[
            says(4 * H + 20, "is this the coffee place on 5th"),
            says(4 * H + 19, "with the green door"),
        ],
    ),
    customer(
        "cafe-lumen",
        Wholesale,
        ("Café", "Lumen"),
        ("fr", "FR", "33600012009"),
        &[
            says(
                5 * D + 4 * H,
                "Bonjour, nous ouvrons un deuxième café en mars et cherchons un torréfacteur. Environ 40 kg par mois.",
            ),
            assigns(5 * D + 4 * H - 10, Aisha, Olivia),
            notes(5 * D + 4 * H - 11, Aisha, "@Olivia a second location, sounds serious."),
            reply(
                5 * D + 3 * H,
                Olivia,
                "Bonjour, avec plaisir ! Pour 40 kg nous passons au tarif B. Puis-je vous envoyer un coffret de dégustation ?",
            ),
            says(
                4 * D + 3 * H,
                "Oui, volontiers. L'adresse est celle de la rue des Abbesses.",
            ),
            reply(4 * D + 2 * H, Olivia, "C'est parti, vous l'aurez jeudi."),
            says(
                3 * H + 10,
                "Nous avons tout goûté : l'Éthiopie pour le filtre, la Colombie pour l'espresso. On peut commencer le 1er ?",
            ),
        ],
    ),
    customer(
        "office-park",
        Wholesale,
        ("Bridge Street", "Offices"),
        ("en", "GB", "447700012010"),
        &[
            says(4 * D + 5 * H, "Our machine shows error E4 again. Can someone come by?"),
            reply(
                4 * D + 4 * H + 40,
                Marcus,
                "That's the water inlet. Our technician can be there tomorrow at 10, does that suit you?",
            ),
            says(4 * D + 4 * H, "10 is fine, ask for Hannah at reception."),
            notes(4 * D + 3 * H, Marcus, "Booked for 10:00, part 88-112 in the van."),
            closes(3 * D + 2 * H, Marcus, "Wholesale", "Inlet valve replaced on site."),
        ],
    ),
    customer(
        "anna-m",
        Website,
        ("Anna", "Müller"),
        ("de", "DE", "4915100012011"),
        &[
            says(3 * D + 6 * H, "Hallo, sind die Kapseln kompostierbar?"),
            reply(
                3 * D + 5 * H + 52,
                Aisha,
                "Hallo Anna, ja, im Gartenkompost in etwa zwölf Wochen.",
            ),
            says(3 * D + 5 * H + 50, "Super, danke!"),
            closes(
                3 * D + 5 * H + 40,
                Aisha,
                "Question answered",
                "Capsules are compostable.",
            ),
        ],
    ),
    customer(
        "visitor-1",
        Website,
        ("", ""),
        ("en", "", ""),
        &[
            says(50 * H, "Do you ship to Iceland?"),
            reply(49 * H + 55, Marcus, "Hi! Yes, within a week, for a flat 14 euros."),
            closes(48 * H, Marcus, "Question answered", "Shipping to Iceland."),
        ],
    ),
    customer(
        "spam",
        Telegram,
        ("Crypto", "Gains Daily"),
        ("en", "US", "12025550113"),
        &[
            says(44 * H, "🚀🚀 EARN 400% WEEKLY, ask me how!!! 🚀🚀"),
            closes(43 * H, Aisha, "Spam", ""),
        ],
    ),
    customer(
        "sofia",
        Whatsapp,
        ("Sofia", "Rossi"),
        ("it", "IT", "393400012014"),
        &[
            says(42 * H, "Ciao! Ho ricevuto il pacco ma manca una confezione."),
            reply(41 * H + 40, Aisha, "Ciao Sofia, mi dispiace! Quale manca?"),
            says(41 * H + 30, "La Guatemala da 250 g"),
            asks(
                41 * H + 10,
                Aisha,
                "Preferisci che la spediamo o un rimborso?",
                &["Spedizione", "Rimborso"],
            ),
            says(40 * H, "Rimborso"),
            closes(39 * H, Marcus, "Refund", "1 × Guatemala missing, 11.50 refunded."),
        ],
    ),
    customer(
        "liam",
        Telegram,
        ("Liam", "O’Connor"),
        ("en", "IE", "353850012015"),
        &[
            says(40 * H, "Morning! Is the barista course on Saturday still on?"),
            reply(
                39 * H + 50,
                Marcus,
                "Morning Liam, it is, and there are two seats left.",
            ),
            says(39 * H + 45, "Put me down for one, please."),
            reply(39 * H + 40, Marcus, "You're in. Doors open at 9:30."),
            snoozes(39 * H, Marcus, 18),
        ],
    ),
    customer(
        "grace",
        Website,
        ("Grace", "Achieng"),
        ("en", "KE", "254700012016"),
        &[
            says(
                30 * H,
                "I can't log in to my subscription any more, the reset mail doesn't arrive.",
            ),
            reply(
                29 * H + 40,
                Aisha,
                "Hi Grace, I've just sent you a new link. Could you look in the spam folder, too?",
            ),
            says(29 * H + 20, "Found it in spam, thanks! Works now."),
            closes(29 * H, Aisha, "Question answered", "Reset mail was in spam."),
        ],
    ),
    customer(
        "omar",
        Whatsapp,
        ("Omar", "Haddad"),
        ("en", "JO", "962790012017"),
        &[
            says(28 * H, "Salam, what time do you close today?"),
            reply(27 * H + 58, Marcus, "Salam Omar, at 19:00. The kitchen at 18:30."),
            says(27 * H + 57, "Great, see you later"),
            closes(27 * H, Marcus, "Question answered", "Opening hours."),
        ],
    ),
    customer(
        "yara",
        Telegram,
        ("Yara", "Benali"),
        ("fr", "MA", "212600012018"),
        &[
            says(26 * H, "Bonjour, mon colis est bloqué à la douane depuis une semaine."),
            reply(
                25 * H + 40,
                Aisha,
                "Bonjour Yara, je regarde tout de suite avec le transporteur.",
            ),
            notes(
                25 * H + 30,
                Aisha,
                "Customs want the invoice in French. @Olivia can you sign one?",
            ),
            notes(24 * H, Olivia, "Signed and sent to the carrier."),
            reply(
                23 * H,
                Aisha,
                "La douane a maintenant la facture, le colis devrait partir demain.",
            ),
            says(6 * H, "Toujours rien ce matin, vous avez des nouvelles ?"),
        ],
    ),
    customer(
        "hotel",
        Wholesale,
        ("Hotel", "Meridian Kuala Lumpur"),
        ("en", "MY", "60300012019"),
        &[
            says(
                25 * H,
                "We'd like to move our standing order from 25 to 32 kg, starting next week.",
            ),
            assigns(24 * H + 50, Marcus, Marcus),
            reply(
                24 * H + 40,
                Marcus,
                "Noted: 32 kg from Monday. The price per kilo drops to 17.20.",
            ),
            says(
                24 * H,
                "Wonderful. Please send the new confirmation to purchasing as well.",
            ),
            snoozes(23 * H, Marcus, 42),
        ],
    ),
    customer(
        "noa",
        Telegram,
        ("נועה", "לוי"),
        ("he", "IL", "972500012020"),
        &[
            says(22 * H, "שלום, האם יש לכם קפה קר בבקבוק?"),
            reply(21 * H + 30, Olivia, "שלום נועה! כן, בקבוקי 330 מ״ל, גם בלי סוכר."),
            says(21 * H, "מעולה, אקח שישייה."),
            closes(20 * H, Olivia, "Order placed", "6 × cold brew, no sugar."),
        ],
    ),
];
