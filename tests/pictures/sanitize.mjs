// HTML of a message, reduced to what its vendor lets through.

import rehypeParse from "rehype-parse";
import rehypeSanitize from "rehype-sanitize";
import rehypeStringify from "rehype-stringify";
import { unified } from "unified";

/** `html` with these elements and attributes (`{a: ["href"]}`) alone. */
export const sanitized = (html, tagNames, attributes = {}) =>
  String(
    unified()
      .use(rehypeParse, { fragment: true })
      .use(rehypeSanitize, { tagNames, attributes, protocols: { href: ["http", "https", "mailto"] } })
      .use(rehypeStringify)
      .processSync(html),
  );
