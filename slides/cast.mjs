// What slides/runs has recorded, as casts in asciinema's format, version 2.
import { readFileSync, readdirSync } from 'node:fs';

// The command of each recorded run, its lines, and where and when it was made.
const runs = readdirSync('runs').filter((file) => file.endsWith('.txt')).map((file) => {
  const [command, ...lines] = readFileSync(`runs/${file}`, 'utf8').trimEnd().split('\n');
  const records = readFileSync(`runs/${file.split('-')[0]}.jsonl`, 'utf8').trim().split('\n');
  const { host, started } = JSON.parse(records.at(-1));
  return { command: command.slice(2), lines, origin: `on ${host}, ${started.slice(0, 10)}` };
});

// The recordings of these commands, one after another; nothing if there is none. A recording has no
// times: its lines come at a pace of our own.
export function cast(commands) {
  const events = [];
  let time = 0;
  const print = (text, seconds) => events.push([Number((time += seconds).toFixed(2)), 'o', text]);
  // A command that stands there twice may have been recorded twice.
  const left = new Set(runs);
  const chosen = commands.map((command) => {
    const run = [...left].find((one) => one.command === command);
    left.delete(run);
    return run;
  }).filter(Boolean);
  for (const { command, lines } of chosen) {
    for (const letter of `$ ${command}`) print(letter, 0.03);
    for (const line of ['', ...lines]) print(`${line}\r\n`, 0.15);
    print('', 2);
  }
  if (chosen.length === 0) return '';
  const title = `A recording, not a live run: made ${chosen[0].origin}; the pace is not the program's`;
  return [{ version: 2, width: 80, height: 24, title }, ...events].map((line) => JSON.stringify(line)).join('\n');
}
