// node parts.mjs DECK.md talk|handout: the slides of one part of the deck, on standard output.
//
// A slide of the class `handout` is not shown in the talk. The hand-out is made of those and of the
// slides of the class `key`, which are shown in both.
import { readFileSync } from 'node:fs';

const [deck, part] = process.argv.slice(2);
const [, front, body] = readFileSync(deck, 'utf8').match(/^(---\n.*?\n---\n)?(.*)$/s);
const is = (slide, name) => new RegExp(`_class:[^\\n]*\\b${name}\\b`).test(slide);
const wanted = {
  talk: (slide) => !is(slide, 'handout'),
  handout: (slide) => is(slide, 'handout') || is(slide, 'key'),
};
process.stdout.write((front ?? '') + body.split(/^---$/m).filter(wanted[part]).join('---'));
