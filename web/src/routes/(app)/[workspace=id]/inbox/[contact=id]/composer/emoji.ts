// A compact set of what agents use, each with words to find it by.
const SET: Record<string, string> = {
  Smileys: `😀 grin happy smile|😃 smile happy joy|😄 laugh happy eyes|😁 beam grin teeth|😅 sweat laugh relief phew|😂 tears joy laugh lol|🤣 rolling laugh rofl|🙂 slight smile|🙃 upside down irony|😉 wink|😊 blush warm smile thanks|😇 angel innocent halo|🥰 love hearts adore|😍 heart eyes love|🤩 star struck wow|😘 kiss|😋 yum tasty|😛 tongue|😜 wink tongue joke|🤪 crazy zany|🤗 hug|🤭 oops giggle hand|🤫 quiet shush|🤔 think hmm wonder|🤐 zip secret|🤨 eyebrow doubt|😐 neutral|😑 expressionless|😶 speechless|🙄 eye roll|😬 grimace awkward|😌 relieved calm|😔 sad pensive sorry|😪 sleepy|😴 sleep zzz|😷 mask sick|🤒 fever sick|🤕 hurt bandage|🤢 nausea sick|🤯 mind blown wow|🥳 party celebrate|😎 cool sunglasses|🤓 nerd|🧐 monocle inspect|😕 confused|😟 worried|🙁 frown sad|😮 surprised oh|😲 astonished|😳 flushed embarrassed|🥺 please pleading|😢 cry sad tear|😭 sob cry|😤 huff frustrated|😠 angry|😡 furious angry red|🤬 swear angry|😱 scream shock fear|😰 anxious sweat|😓 downcast sweat|😞 disappointed|😩 weary tired|🥱 yawn bored|😈 devil mischief|💀 skull dead|👻 ghost|🤖 robot bot|😺 cat smile`,
  People: `👍 thumbs up yes good ok like|👎 thumbs down no bad|👌 ok perfect|🤌 pinched|✌️ peace victory|🤞 fingers crossed luck|🤟 love you|🤘 rock|🤙 call me shaka|👈 left point|👉 right point|👆 up point|👇 down point|☝️ one point up|👋 wave hello bye hi|🤚 back hand|✋ stop hand high five|🖖 vulcan|👏 clap applause bravo|🙌 hooray raise hands|👐 open hands|🤲 palms|🤝 handshake deal agree|🙏 please thanks pray|✍️ write sign|💪 strong muscle|👀 eyes look see|🧠 brain smart|👤 person|👥 people team|🤷 shrug dunno|🤦 facepalm|🙋 hand raise question|💁 info help desk|🙇 bow sorry|🧑‍💻 developer computer|👩‍💼 office business|🧑‍🔧 mechanic repair|🧑‍🍳 cook chef|🚶 walk|🏃 run hurry|👶 baby|👨‍👩‍👧 family`,
  Hearts: `❤️ heart love red|🧡 heart orange|💛 heart yellow|💚 heart green|💙 heart blue|💜 heart purple|🖤 heart black|🤍 heart white|💔 broken heart|💕 hearts|💖 sparkle heart|💯 hundred perfect|✨ sparkles new|⭐ star|🌟 glowing star|🔥 fire hot|🎉 party tada celebrate|🎊 confetti|🎁 gift present|🎂 cake birthday|🏆 trophy win|🥇 gold medal first|💡 idea bulb|💬 chat speech|💭 thought|❗ exclamation important|❓ question|✅ check done yes|❌ cross no wrong|⚠️ warning|🚫 forbidden no|♻️ recycle|🆕 new|🆗 ok|🔴 red circle|🟢 green circle|🔵 blue circle|🟡 yellow circle`,
  Things: `📦 package parcel delivery|🚚 truck delivery shipping|✈️ plane flight travel|🚗 car|🚕 taxi|🚆 train|🚲 bicycle|🚢 ship|🏠 house home|🏢 office building|🏥 hospital|🏦 bank|🏨 hotel|🏪 shop store|🛒 cart shopping|🛍️ bags shopping|💳 card payment credit|💰 money bag|💵 dollar cash|💶 euro cash|🧾 receipt invoice|📄 document page|📎 paperclip attach|📌 pin|📍 location pin map|📅 calendar date|⏰ alarm clock|⏳ hourglass wait|⌛ time up|📞 phone call|📱 mobile phone|💻 laptop computer|🖨️ printer|📷 camera photo|🎥 video|🔍 search|🔑 key|🔒 lock secure|🔓 unlock|🔧 wrench repair fix|🔨 hammer|⚙️ settings gear|🧰 toolbox|🔋 battery|🔌 plug power|📧 email|✉️ letter envelope|📝 memo note|📊 chart|📈 growth chart up|📉 chart down|🔗 link|🔔 bell notify|🔕 mute|👕 shirt clothes|👟 shoe|👜 handbag|💊 pill medicine|🩺 doctor|🎵 music|🎮 game|⚽ football`,
  Nature: `☀️ sun|🌤️ cloud sun|☁️ cloud|🌧️ rain|⛈️ storm|❄️ snow cold|🌈 rainbow|🌙 moon night|🌍 world earth|🌱 plant seedling|🌳 tree|🌸 blossom flower|🌹 rose flower|💐 bouquet flowers|🐶 dog|🐱 cat|🐦 bird|🦋 butterfly|🐝 bee|☕ coffee|🍵 tea|🍺 beer|🍷 wine|🥂 cheers|🍕 pizza|🍔 burger|🍟 fries|🍣 sushi|🥗 salad|🍎 apple|🍌 banana|🍓 strawberry|🍞 bread|🧀 cheese|🍰 cake slice|🍫 chocolate|🍪 cookie|🍦 ice cream`
};

const parsed = Object.entries(SET).map(([name, line]) => ({
  name,
  entries: line.split('|').map((entry) => {
    const space = entry.indexOf(' ');
    return { emoji: entry.slice(0, space), words: entry.slice(space + 1) };
  })
}));

export const emojiGroups = parsed.map(({ name, entries }) => ({ name, emoji: entries.map((e) => e.emoji) }));

/** Emoji whose words all contain what was typed; those with a word that begins so come first. */
export function findEmoji(query: string): string[] {
  const wanted = query.trim().toLowerCase();
  const hits = parsed.flatMap((g) => g.entries).filter((e) => e.words.includes(wanted));
  const begins = (words: string) => words.split(' ').some((w) => w.startsWith(wanted));
  return hits.sort((a, b) => Number(begins(b.words)) - Number(begins(a.words))).map((e) => e.emoji);
}
