//! Those who came lately.

use super::H;
use crate::sample::script::{
    Customer, Sample,
    Via::{Telegram, Website, Whatsapp, Wholesale},
    Who::{Aisha, Marcus, Olivia},
    asks, assigns, closes, customer, notes, opens, reply, says, sends, snoozes,
};

pub(super) const LATELY: &[Customer] = &[
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
