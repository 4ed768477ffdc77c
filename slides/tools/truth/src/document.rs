//! Markdown, taken apart just as far as the rules need it.

use std::path::{Path, PathBuf};

/// A Markdown file: a deck of slides, or a text with sections.
pub struct Document {
    /// Where it stands, below the repository.
    pub path: PathBuf,
    /// Whether it is a deck: it begins with a front matter.
    pub deck: bool,
    /// Slides of a deck, sections (at each heading) of a text.
    pub slides: Vec<Slide>,
}

/// One slide, or one section.
#[derive(Default)]
pub struct Slide {
    /// Counted from 1, as the audience sees it.
    pub number: usize,
    /// The line of the file on which it begins.
    pub line: usize,
    /// Lines outside code blocks and comments, with their number in the file.
    pub text: Vec<(usize, String)>,
    /// What stands in HTML comments: a speaker's notes.
    pub notes: String,
    /// Fenced code blocks.
    pub blocks: Vec<Block>,
}

/// A fenced block.
pub struct Block {
    /// The line of its opening fence.
    pub line: usize,
    /// What follows the fence: a language, and perhaps where a command runs.
    pub info: String,
    /// The lines between the fences.
    pub code: Vec<String>,
    /// The target of the link on the line above, if that line is nothing but a link.
    pub from: Option<String>,
}

impl Document {
    /// Reads the file `path` below `root`.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(root: &Path, path: &Path) -> anyhow::Result<Self> {
        Ok(Self::parse(path, &std::fs::read_to_string(root.join(path))?))
    }

    /// Takes `text` for the content of the file `path`.
    pub fn parse(path: &Path, text: &str) -> Self {
        let deck = text.starts_with("---\n");
        let mut document = Self { path: path.to_path_buf(), deck, slides: Vec::new() };
        let mut slide = Slide { number: 1, line: 1, ..Slide::default() };
        let mut block: Option<Block> = None;
        let mut comment = false;
        // The front matter of a deck ends at the second `---`.
        let skipped = if deck {
            text.lines().skip(1).position(|line| line == "---").map_or(0, |at| at + 2)
        } else {
            0
        };
        for (index, line) in text.lines().enumerate().skip(skipped) {
            let number = index + 1;
            if let Some(open) = &mut block {
                if line.trim_start().starts_with("```") {
                    slide.blocks.extend(block.take());
                } else {
                    open.code.push(line.to_string());
                }
            } else if comment || line.trim_start().starts_with("<!--") {
                comment = !line.contains("-->");
                let words = line.trim().trim_start_matches("<!--").trim_end_matches("-->");
                slide.notes.push_str(words.trim());
                slide.notes.push('\n');
            } else if let Some(info) = line.trim_start().strip_prefix("```") {
                let above = slide.text.iter().rev().find(|(_, text)| !text.trim().is_empty());
                let linked =
                    above.filter(|(at, _)| slide.blocks.last().is_none_or(|b| b.line < *at));
                let from = match (linked, slide.blocks.last()) {
                    (Some((_, text)), _) => lone_link(text),
                    // A second piece of the same file needs no second link; a command has none.
                    (None, Some(block)) if !info.starts_with("bash") => block.from.clone(),
                    _ => None,
                };
                block = Some(Block {
                    line: number,
                    info: info.trim().to_string(),
                    code: Vec::new(),
                    from,
                });
            } else if (deck && line == "---") || (!deck && line.starts_with('#')) {
                let next = Slide { number: slide.number + 1, line: number, ..Slide::default() };
                document.slides.push(std::mem::replace(&mut slide, next));
                if !deck {
                    slide.text.push((number, line.to_string()));
                }
            } else {
                slide.text.push((number, line.to_string()));
            }
        }
        document.slides.push(slide);
        document
    }
}

impl Slide {
    /// What the speaker says about sources: all that follows `Facts:` in the comments.
    pub fn facts(&self) -> &str {
        self.notes.split_once("Facts:").map_or("", |(_, facts)| facts)
    }

    /// The code of all its blocks.
    pub fn code(&self) -> impl Iterator<Item = &str> {
        self.blocks.iter().flat_map(|block| block.code.iter().map(String::as_str))
    }
}

/// The target of a line that is a link and nothing else.
fn lone_link(line: &str) -> Option<String> {
    let inner = line.trim().strip_prefix('[')?.strip_suffix(')')?;
    let (label, target) = inner.split_once("](")?;
    (!label.contains(']') && !target.contains(')')).then(|| target.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECK: &str = "---\ntitle: x\n---\n\n# One\n\n[a.rs](../a.rs)\n\n```rust\nlet a = 1;\n---\n```\n\n<!-- 2 min\nSay it. Facts: 7 -->\n\n---\n\n# Two\n";

    #[test]
    fn slides_blocks_and_notes_are_found() {
        let deck = Document::parse(Path::new("deck.md"), DECK);
        assert!(deck.deck);
        assert_eq!(deck.slides.len(), 2);
        let one = &deck.slides[0];
        assert_eq!(one.blocks[0].from.as_deref(), Some("../a.rs"));
        assert_eq!(one.blocks[0].code, ["let a = 1;", "---"]);
        assert_eq!(one.blocks[0].line, 9);
        assert_eq!(one.notes.lines().next(), Some("2 min"));
        assert_eq!(one.facts().trim(), "7");
        assert_eq!((deck.slides[1].number, deck.slides[1].line), (2, 17));
    }

    #[test]
    fn a_text_is_divided_at_its_headings() {
        let text = Document::parse(Path::new("README.md"), "intro\n\n# A\n\nwords\n\n## B\n");
        assert!(!text.deck);
        assert_eq!(text.slides.len(), 3);
    }

    #[test]
    fn only_a_line_that_is_a_link_names_a_file() {
        assert_eq!(lone_link("[`a`](b)"), Some("b".to_string()));
        assert_eq!(lone_link("see [a](b)"), None);
        assert_eq!(lone_link("[a](b) and [c](d)"), None);
    }
}
