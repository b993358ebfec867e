import assert from "node:assert/strict";
import test from "node:test";

import { mrkdwn, plain } from "./vendors/slack-text.mjs";

const ROWS = [
  ["*bold* _italic_ ~strike~ `*code*`", "<b>bold</b> <i>italic</i> <s>strike</s> <code>*code*</code>"],
  ["2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"],
  ["&lt;b&gt; &amp;amp; <b>", '&lt;b&gt; &amp;amp; <a href="about:blank">b</a>'],
  ["<https://example.com/?a=1&amp;b=2|the alert>", '<a href="https://example.com/?a=1&amp;b=2">the alert</a>'],
  ["<!channel>", '<span class="mention">@channel</span>'],
  ["&gt; quoted\nnot", "<blockquote>quoted</blockquote>not"],
  ["```a *b*\n```", "<pre>a *b*\n</pre>"],
  ["<!date^1772419869^{date_num} {time_secs}|2026-03-02T02:51:09Z>", '<time title="2026-03-02T02:51:09Z">2026-03-02 03:51:09</time>'],
];

for (const [text, html] of ROWS) {
  test(`mrkdwn: ${JSON.stringify(text)}`, () => assert.equal(mrkdwn(text), html));
}

test("plain_text is literal", () => {
  assert.equal(plain("*a* <!here> &lt;", { type: "plain_text" }), "*a* &lt;!here&gt; &amp;lt;");
});

test("a text without mrkdwn still has mentions", () => {
  assert.equal(plain("*a* <!here> &lt;"), '*a* <span class="mention">@here</span> &lt;');
});
