// Destinations without a page of their own: the e-mail that a topic sends, and JSON.

import { escape, page, rows } from "../html.mjs";

export const width = 720;

/** What Amazon SNS puts below every e-mail. */
const FOOTER = `

--
If you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:
https://sns.us-east-1.amazonaws.com/unsubscribe.html?SubscriptionArn=…

Please do not reply directly to this email.`;

/** The e-mail of Amazon SNS, in a mail program that shows plain text in one width. */
export const email = {
  html: ({ message }) =>
    page({
      width,
      css: CSS,
      body: `${rows([
        ["From", "AWS Notifications &lt;no-reply@sns.amazonaws.com&gt;"],
        ["Subject", `<b>${escape(message.subject ?? "AWS Notification Message")}</b>`],
      ])}<pre class="mail">${escape(JSON.parse(message.body).email + FOOTER)}</pre>`,
    }),
};

/** JSON for programs. */
export const json = {
  html: ({ message }) =>
    page({ width, css: CSS, body: `<pre>${escape(JSON.stringify(JSON.parse(message.body), null, 2))}</pre>` }),
};

const CSS = `
#message { padding: 16px; font: 13px/18px "Noto Sans", Arial, sans-serif; color: #222; }
.row { display: flex; gap: 12px; }
.label { flex: none; width: 60px; color: #777; }
.mail { margin-top: 12px; padding-top: 12px; border-top: 1px solid #ddd; }
pre { font: 13px/18px "Liberation Mono", monospace; }
`;
