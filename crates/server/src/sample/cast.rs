//! Northwind Coffee's customers. Some names are there to try the layout: very long, without spaces, right to left, an
//! emoji, or none at all.

use super::script::{
    Customer, Sample,
    Via::{Telegram, Website, Whatsapp, Wholesale},
    Who::{Aisha, Marcus, Olivia},
    asks, assigns, closes, customer, notes, opens, reply, says, sends, shares, snoozes,
};

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

pub const CUSTOMERS: &[Customer] = &[
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
    customer(
        "jonas",
        Whatsapp,
        ("Jonas", "Weber"),
        ("de", "DE", "4915100012021"),
        &[
            says(20 * H, "Hi, die Mühle macht seit heute ein lautes Geräusch."),
            sends(20 * H - 1, Sample::Voice, ""),
            reply(
                19 * H + 30,
                Aisha,
                "Hi Jonas, das klingt nach einem Steinchen im Mahlwerk. Bitte ausstecken; ich schicke die Anleitung zum Öffnen.",
            ),
            says(19 * H, "Ok, versuche ich heute Abend."),
            says(
                90,
                "Steinchen gefunden! Läuft wieder. Aber jetzt mahlt sie zu grob, was muss ich einstellen?",
            ),
        ],
    ),
    customer(
        "visitor-2",
        Website,
        ("", ""),
        ("pt", "", ""),
        &[says(18 * H, "Olá, vocês têm loja em Lisboa?")],
    ),
    customer(
        "mei",
        Telegram,
        ("美玲", "陈"),
        ("zh", "SG", "6580012023"),
        &[
            says(16 * H, "你好，请问有适合手冲的浅烘豆吗？"),
            reply(
                15 * H + 30,
                Marcus,
                "你好美玲！推荐埃塞俄比亚古吉，花香明显，适合手冲。",
            ),
            says(15 * H, "好的，要两包，谢谢"),
            closes(14 * H, Marcus, "Order placed", "2 × Ethiopia Guji."),
        ],
    ),
    customer(
        "dmitri",
        Telegram,
        ("Дмитрий", "Соколов"),
        ("ru", "KZ", "77010012024"),
        &[
            says(14 * H, "Здравствуйте! Когда будет снова Кения АА?"),
            reply(
                13 * H,
                Aisha,
                "Здравствуйте, Дмитрий! Ждём поставку через две недели, напишу вам.",
            ),
            snoozes(12 * H, Aisha, 90),
        ],
    ),
    customer(
        "lucia",
        Whatsapp,
        ("Lucía", "Fernández García de la Torre"),
        ("es", "MX", "5215500012025"),
        &[
            says(12 * H, "Hola, quiero regalar una suscripción de tres meses a mi papá."),
            reply(
                11 * H + 40,
                Aisha,
                "¡Qué buen regalo! ¿Prefiere café molido o en grano?",
            ),
            says(11 * H + 30, "Molido para cafetera italiana"),
            says(11 * H + 29, "Y que llegue antes del 12, es su cumpleaños 🎂"),
            reply(
                11 * H,
                Aisha,
                "Perfecto, lo enviamos el 8 con una tarjeta. ¿Qué texto le ponemos?",
            ),
            says(5 * H, "«Para el mejor papá del mundo. Con amor, Lucía»"),
        ],
    ),
    customer(
        "tom",
        Website,
        ("Tom", "Baker"),
        ("en", "GB", "447700012026"),
        &[
            says(
                10 * H,
                "The discount code WELCOME10 says expired, but the mail came today.",
            ),
            reply(
                9 * H + 50,
                Marcus,
                "Hi Tom, our mistake, the date was wrong. Could you try it once more?",
            ),
            says(9 * H + 45, "Works, ta!"),
            notes(
                9 * H + 40,
                Marcus,
                "Campaign had last year's date. Fixed for all. @Aisha in case others ask.",
            ),
            closes(9 * H + 30, Marcus, "Order placed", "Welcome code fixed."),
        ],
    ),
    customer(
        "bakery",
        Wholesale,
        ("Bäckerei", "Sonnenschein"),
        ("de", "DE", "4915100012027"),
        &[
            says(
                9 * H,
                "Moin! Bitte morgen 5 kg mehr vom Espresso, wir haben ein Straßenfest.",
            ),
            reply(8 * H + 50, Aisha, "Moin! Geht klar, der Fahrer ist um 6:15 bei euch."),
            says(8 * H + 45, "Spitze 🙌"),
        ],
    ),
    customer(
        "zoe",
        Telegram,
        ("Zoë", "van den Berg"),
        ("nl", "NL", "31600012028"),
        &[
            says(8 * H, "Hoi! Kan ik mijn abonnement een maand pauzeren?"),
            reply(7 * H + 45, Marcus, "Hoi Zoë, zeker. Vanaf wanneer?"),
            says(7 * H + 40, "Vanaf 1 december tot 5 januari"),
            reply(
                7 * H + 30,
                Marcus,
                "Staat genoteerd, je krijgt op 5 januari weer koffie.",
            ),
            closes(
                7 * H,
                Marcus,
                "Question answered",
                "Subscription paused until January 5.",
            ),
        ],
    ),
    customer(
        "samir",
        Whatsapp,
        ("Samir", "K."),
        ("en", "PK", "923000012029"),
        &[
            says(7 * H, "Invoice for last month please"),
            sends(7 * H - 1, Sample::Document, "Our purchase order"),
            reply(6 * H + 40, Olivia, "Hello Samir, it's on its way to your mailbox."),
            says(6 * H + 30, "Received 👍"),
            closes(6 * H, Olivia, "Question answered", "Invoice sent."),
            says(38, "Sorry, the VAT number on it is wrong. Could you correct it today?"),
        ],
    ),
    customer(
        "amelie",
        Website,
        ("Amélie", "Laurent"),
        ("fr", "CA", "15145550130"),
        &[
            says(
                6 * H,
                "Bonjour, avez-vous des grains sans trace de noix ? Mon fils est allergique.",
            ),
            reply(
                5 * H + 50,
                Aisha,
                "Bonjour Amélie. Nous torréfions dans un atelier où des noix sont aussi emballées; je vérifie ligne par ligne.",
            ),
            assigns(5 * H + 48, Aisha, Olivia),
            notes(
                5 * H + 47,
                Aisha,
                "@Olivia allergy question, I don't want to guess. Who has the line sheets?",
            ),
        ],
    ),
    customer(
        "carlos",
        Telegram,
        ("Carlos", "Mendes"),
        ("pt", "BR", "5511900012031"),
        &[
            says(5 * H, "Boa tarde! Chegou tudo certinho, obrigado 💚"),
            sends(5 * H - 1, Sample::Photo, "Primeira xícara!"),
            reply(4 * H + 40, Olivia, "Que linda foto, Carlos! Bom café ☕️"),
            closes(4 * H, Olivia, "Question answered", "Happy customer."),
        ],
    ),
    customer(
        "thi",
        Whatsapp,
        ("Nguyễn Thị", "Minh Khai"),
        ("vi", "VN", "84900012032"),
        &[
            says(4 * H, "Chào shop, có phin cà phê loại lớn không ạ?"),
            reply(
                3 * H + 40,
                Marcus,
                "Chào bạn, có loại 250 ml và 500 ml, bằng thép không gỉ.",
            ),
            says(3 * H + 30, "Cho mình loại 500 ml nhé"),
        ],
    ),
    customer(
        "pneumono",
        Website,
        ("Pneumonoultramicroscopicsilicovolcanoconiosis", ""),
        ("en", "", ""),
        &[says(
            3 * H,
            "https://northwind.example/products/ethiopia-guji-natural-anaerobic-fermentation-limited-edition-2026?variant=250g&grind=v60&utm_source=newsletter&utm_campaign=november gives a 404",
        )],
    ),
    customer(
        "elif",
        Telegram,
        ("Elif", "Demir"),
        ("tr", "TR", "905300012034"),
        &[
            says(150, "Merhaba, Türk kahvesi için ince öğütüyor musunuz?"),
            asks(
                140,
                Aisha,
                "Evet! Hangi miktarı istersiniz?",
                &["250 g", "500 g", "1 kg"],
            ),
            says(132, "500 g"),
            reply(120, Aisha, "Hazırlıyoruz, yarın kargoda."),
        ],
    ),
    customer(
        "ravi",
        Whatsapp,
        ("Ravi", "Menon"),
        ("en", "MY", "60120012035"),
        &[
            says(110, "Hi, my order NW-20502 says delivered but there's nothing here."),
            says(109, "Checked with the neighbours too."),
            reply(
                100,
                Aisha,
                "Hi Ravi, I'm sorry. The driver's photo shows a blue door, is that yours?",
            ),
            says(97, "No, mine is white. That's number 14, I'm 41!"),
            notes(
                95,
                Aisha,
                "Driver swapped the digits. Asking the carrier to collect it.",
            ),
            reply(
                90,
                Aisha,
                "Mystery solved, it's at number 14. The carrier brings it over today; if not, a new one leaves tomorrow.",
            ),
            says(20, "They just came by. Thanks for being so quick!"),
        ],
    ),
    customer(
        "kiosk",
        Wholesale,
        ("Kiosk", "am Hafen"),
        ("de", "DE", "4915100012036"),
        &[says(80, "Wir brauchen neue Becher, 2.000 Stück mit Deckel.")],
    ),
    customer(
        "hana",
        Telegram,
        ("Hana", "Kim"),
        ("ko", "KR", "821000012037"),
        &[
            says(70, "안녕하세요! 드립백 선물 세트 아직 남아 있나요?"),
            reply(64, Marcus, "안녕하세요 하나님! 네, 12개입 세트가 남아 있습니다."),
            says(61, "두 세트 주문할게요"),
            assigns(60, Marcus, Aisha),
        ],
    ),
    customer(
        "visitor-3",
        Website,
        ("", ""),
        ("en", "", ""),
        &[
            says(30, "hi, is anyone there?"),
            reply(28, Olivia, "Hi, yes! What can I do for you?"),
            says(26, "which of your coffees is the least acidic"),
        ],
    ),
    customer(
        "beatriz",
        Whatsapp,
        ("Beatriz", "Sousa Lima"),
        ("pt", "PT", "351910012039"),
        &[
            says(24, "Bom dia! Vocês fazem moagem para Moka?"),
            says(23, "E qual é o prazo para o Porto?"),
        ],
    ),
    customer(
        "sam",
        Telegram,
        ("Sam", "Okoro"),
        ("en", "NG", "2348000012040"),
        &[
            says(45 * H, "Hey, do you do gift cards?"),
            reply(
                44 * H + 40,
                Aisha,
                "Hey Sam, we do, from 10 to 200 euros, by mail or printed.",
            ),
            closes(44 * H, Aisha, "Question answered", "Gift cards."),
            opens(12, Aisha),
            reply(
                11,
                Aisha,
                "Hey Sam, we've added cards for the barista course, too. Thought of you!",
            ),
            says(7, "Oh nice, one for my sister please 🙏"),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::script::Act;
    use std::collections::BTreeSet;

    #[test]
    fn every_story_runs_forward_and_has_begun_by_its_customer() {
        for customer in CUSTOMERS {
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
