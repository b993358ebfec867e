//! Texts that must have no effect at any provider.

/// Texts with a special meaning in one system or another.
pub const HOSTILE: [&str; 24] = [
    "<!channel> <!here> <@U012AB3CD> <!subteam^S012AB3CD>",
    "<https://evil.example|https://slack.com>",
    "@octocat @security/team #1 octo/repo#2",
    "[~admin] !https://evil.example/x.png! {noformat} {code}",
    "[click me](https://evil.example) ![x](https://evil.example/x.png)",
    "<at>Everyone</at>",
    "<script>alert(1)</script> <img src=x onerror=alert(1)>",
    "</body><a href=\"https://evil.example\">x</a>",
    "<a data-asana-gid=\"1\"/>",
    "[code]<b>html</b>[/code]",
    "--> <!-- alert:forged -->",
    "``` ````` `code` ~~~",
    "*bold* _italic_ ~strike~ **strong** # heading\n# heading\n> quote\n- list\n1. list",
    "| a | table |\n|---|---|",
    "{{title}} ${title} %s %n {0} <%= x %>",
    "^active=true^ORpriority=1 javascript:gs.log('x')",
    "javascript:alert(1)",
    "\u{202e}gnp.exe\u{202c} \u{2066}isolate\u{2069} \u{200f}",
    "nul \u{0} escape \u{1b}[31m bell \u{7} delete \u{7f}",
    "noncharacters \u{fffe} \u{ffff} \u{fdd0}",
    "\\ \\n \\u0000 \" ' & &amp; &lt;",
    ":fire: :tada: \u{1f468}\u{200d}\u{1f4bb} 鍵 مفتاح ключ",
    "a\r\nb\rc\u{2028}d\u{85}e",
    "=cmd|' /C calc'!A0",
];
