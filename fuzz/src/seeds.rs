//! Where fuzzing starts: the fixtures of the channels, and a few of everything else.

use serde_json::Value;

const FIXTURES: &[(&str, &str)] = &[
    (
        "telegram",
        include_str!("../../crates/channels/src/telegram/fixtures/text.json"),
    ),
    (
        "telegram",
        include_str!("../../crates/channels/src/telegram/fixtures/media.json"),
    ),
    (
        "telegram",
        include_str!("../../crates/channels/src/telegram/fixtures/other.json"),
    ),
    (
        "whatsapp_cloud",
        include_str!("../../crates/channels/src/whatsapp_cloud/fixtures/messages.json"),
    ),
    (
        "whatsapp_cloud",
        include_str!("../../crates/channels/src/whatsapp_cloud/fixtures/account.json"),
    ),
    (
        "whatsapp_cloud",
        include_str!("../../crates/channels/src/whatsapp_cloud/fixtures/people.json"),
    ),
    (
        "custom_channel",
        include_str!("../../crates/channels/src/custom_channel/fixtures/events.json"),
    ),
    (
        "custom_channel",
        include_str!("../../crates/channels/src/custom_channel/fixtures/refused.json"),
    ),
    (
        "website_chat",
        include_str!("../../crates/channels/src/website_chat/fixtures/refused.json"),
    ),
];

const OTHERS: &[(&str, &str)] = &[
    (
        "telegram",
        "x-telegram-bot-api-secret-token: 0f1e2d3c\n\n{\"update_id\":1}",
    ),
    (
        "whatsapp_cloud",
        "x-hub-signature-256: sha256=00ff\nhub.mode: subscribe\nhub.verify_token: our-verify-token\n\n{}",
    ),
    (
        "custom_channel",
        "authorization: Bearer 0f1e2d3c\n\n{\"channelId\":\"k3j9c0wq71xz\"}",
    ),
    (
        "provider_answer",
        r#"{"ok":true,"result":{"id":4242,"message_id":7,"username":"bot","file_path":"a/b.jpg","file_size":3}}"#,
    ),
    (
        "provider_answer",
        r#"4{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":5,"migrate_to_chat_id":-1}}"#,
    ),
    (
        "provider_answer",
        r#"{"messages":[{"id":"wamid.1","message_status":"accepted"}],"contacts":[{"input":"1","wa_id":"447700900123"}]}"#,
    ),
    (
        "provider_answer",
        r#"5{"error":{"message":"x","code":131056,"error_subcode":2,"error_data":{"details":"d"},"fbtrace_id":"A"}}"#,
    ),
    (
        "provider_answer",
        r#"{"mId":"1","url":"https://a.example/x","mime_type":"image/jpeg","display_phone_number":"+1 555","verified_name":"N","data":[{"id":"1"}]}"#,
    ),
    (
        "channel_form",
        r##"{"bot_token":"1:AA","base_url":"https://a.example","color":"#ffffff","allowed_origins":"https://*.a.example","throughput":"HIGH","id_type":"phone"}"##,
    ),
    ("content", r#"{"type":"text","text":"Hello"}"#),
    (
        "content",
        r#"{"type":"attachment","attachment":{"kind":"image","id":1,"caption":"c"}}"#,
    ),
    (
        "content",
        r#"{"type":"quick_reply","title":"Which?","replies":["a","b"]}"#,
    ),
    (
        "content",
        r#"{"type":"whatsapp_template","template":{"name":"n","languageCode":"en","components":[{"type":"body","text":"{{1}}","parameters":[{"type":"text","text":"x"}]}]}}"#,
    ),
    ("content", r#"{"type":"location","latitude":1.5,"longitude":-2e300}"#),
    ("content", r#"{"type":"custom_payload","payload":{"a":[1,2]}}"#),
    ("text", "Mia Okafor <mia@example.com>"),
    ("text", "mia@example.com"),
    ("text", "e\u{301}\u{200d}\u{202e}\u{fdfa} ẞ ﬁ İ"),
    ("phone", "+60 12-345 6789"),
    ("phone", "0044 (0)7700 900123 ext. 4"),
    ("phone", "٠١٢٣٤٥٦٧٨٩"),
    ("frames", r#"{"type":"resume","seq":12}"#),
    ("frames", r#"{"type":"typing","contact_id":"17"}"#),
    ("frames", r#"{"type":"auth","token":"1.2.3.4","seq":null}"#),
    ("frames", "a=1; ism_session=abc; b"),
    ("developer", "phone:+60123456789"),
    ("developer", "email:a@b.example"),
    ("developer", "id:1795514105127680"),
    ("developer", "limit=10&cursorId=-5"),
    (
        "multipart",
        "t: multipart/form-data; boundary=x\n\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\nbytes\r\n--x--\r\n",
    ),
    (
        "multipart",
        "--x\r\nContent-Disposition: form-data; name*=utf-8''%66ile\r\n\r\n\r\n--x--",
    ),
    ("file", "<!doctype html><script>alert(1)</script>"),
    ("file", "GIF89a\u{1}\0\u{1}\0"),
    ("file", "RIFF\0\0\0\0WEBPVP8X"),
    ("file", "%PDF-1.7\n1 0 obj"),
    ("file", "application/vnd.x+xml"),
];

/// Where the fuzzing of a target starts.
#[must_use]
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let mut seeds = vec![Vec::new()];
    for (_, text) in FIXTURES.iter().filter(|(source, _)| *source == target) {
        let cases: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
        seeds.extend(cases.iter().map(|case| case["body"].to_string().into_bytes()));
    }
    seeds.extend(
        OTHERS
            .iter()
            .filter(|(name, _)| *name == target)
            .map(|(_, text)| text.as_bytes().to_vec()),
    );
    if target == "file" {
        seeds.push(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x02\0\0\0".to_vec());
        seeds.push(b"\xff\xd8\xff\xe1\0\x10Exif\0\0II*\0\x08\0\0\0\xff\xc0\0\x11\x08\0\x10\0\x10\x03".to_vec());
        seeds.push(b"II*\0\x08\0\0\0\x01\0\0\x01\x03\0\x01\0\0\0\x10\0\0\0".to_vec());
        seeds.push(b"\0\0\0\x1cftypavif\0\0\0\0mif1avif\0\0\0\x20meta\0\0\0\0".to_vec());
        seeds.push(b"PK\x03\x04\x14\0\0\0".to_vec());
        seeds.push(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec());
    }
    seeds
}
