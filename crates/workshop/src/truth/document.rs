//! What the rules need to know of a Markdown file.

use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A Markdown file: a deck of slides, or a text.
pub struct Document {
    /// Its path, relative to the repository.
    pub path: PathBuf,
    /// Whether it is a deck: it begins with a front matter.
    pub deck: bool,
    /// The slides of a deck; a text is one long slide.
    pub slides: Vec<Slide>,
}

/// One slide.
#[derive(Default)]
pub struct Slide {
    /// The line of the file on which it begins.
    pub line: usize,
    /// What the audience reads, without code blocks, pictures and block quotes (our footnotes).
    pub words: String,
    /// HTML comments: the speaker's notes.
    pub notes: String,
    /// Fenced code blocks.
    pub blocks: Vec<Block>,
    /// Links and pictures.
    pub links: Vec<Link>,
    /// `code` in running text, with its line.
    pub inline_code: Vec<(usize, String)>,
}

/// A fenced block.
pub struct Block {
    /// The line of its opening fence.
    pub line: usize,
    /// What follows the fence: a language, and perhaps where a command runs.
    pub info: String,
    /// The text between the fences.
    pub code: String,
    /// The file it is a piece of: the target of a paragraph above it that is nothing but a link.
    pub from: Option<String>,
}

/// A link or a picture.
pub struct Link {
    /// The line on which it begins.
    pub line: usize,
    /// Its text.
    pub label: String,
    /// Where it leads.
    pub target: String,
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
        let options = Options::ENABLE_TABLES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
        let mut document = Self { path: path.to_path_buf(), deck: false, slides: Vec::new() };
        let mut slide = Slide { line: 1, ..Slide::default() };
        let mut open: Vec<Tag> = Vec::new();
        let mut paragraph = 0..0;
        // The file that the next block is a piece of, and whether a block above was one already.
        let mut source: Option<(String, bool)> = None;
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            let line = 1 + text[..range.start].matches('\n').count();
            match event {
                Event::Rule if document.deck => {
                    source = None;
                    document.slides.push(slide);
                    slide = Slide { line, ..Slide::default() };
                }
                Event::Start(tag) => {
                    match &tag {
                        Tag::CodeBlock(kind) => {
                            let info = match kind {
                                CodeBlockKind::Fenced(info) => info.to_string(),
                                CodeBlockKind::Indented => String::new(),
                            };
                            // A second piece of a file needs no second link; a command is no piece.
                            source =
                                source.filter(|(_, shown)| !shown || !info.starts_with("bash"));
                            let from = source.as_mut().map(|(file, shown)| {
                                *shown = true;
                                file.clone()
                            });
                            slide.blocks.push(Block { line, info, code: String::new(), from });
                        }
                        Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                            let target = dest_url.to_string();
                            if text[paragraph.clone()].trim_end() == &text[range] {
                                source = Some((target.clone(), false));
                            }
                            slide.links.push(Link { line, label: String::new(), target });
                        }
                        Tag::HtmlBlock => {}
                        other => {
                            source = None;
                            document.deck |= matches!(other, Tag::MetadataBlock(_));
                            paragraph = if *other == Tag::Paragraph { range } else { 0..0 };
                        }
                    }
                    open.push(tag);
                }
                Event::End(end) => {
                    open.pop();
                    use TagEnd::{Emphasis, Image, Link, Strong};
                    if !matches!(end, Emphasis | Image | Link | Strong) {
                        slide.words.push('\n');
                    }
                }
                Event::Text(piece) => slide.read(&open, &piece),
                Event::Code(piece) => {
                    slide.read(&open, &piece);
                    slide.inline_code.push((line, piece.to_string()));
                }
                Event::SoftBreak | Event::HardBreak => slide.read(&open, " "),
                Event::Html(piece) | Event::InlineHtml(piece) => slide.notes.push_str(&piece),
                _ => {}
            }
        }
        document.slides.push(slide);
        document
    }

    /// `slides/deck.md:40, slide 3`: where a line of the slide with this index stands.
    pub fn place(&self, slide: usize, line: usize) -> String {
        let slide = if self.deck { format!(", slide {}", slide + 1) } else { String::new() };
        format!("{}:{line}{slide}", self.path.display())
    }

    /// The slides that the audience sees, as Marp numbers them.
    pub fn shown(&self) -> impl Iterator<Item = &Slide> {
        self.slides.iter().filter(|slide| !slide.on_paper())
    }
}

impl Slide {
    /// Whether it is a page of the hand-out, which is read, not watched.
    pub fn on_paper(&self) -> bool {
        let mut directives = self.notes.lines().filter(|line| line.contains("_class:"));
        directives.any(|line| line.split(' ').any(|word| word == "handout"))
    }

    /// Its first line.
    pub fn title(&self) -> &str {
        self.words.trim_start().lines().next().unwrap_or_default()
    }

    /// What its notes say: `2 min`.
    pub fn minutes(&self) -> Option<f64> {
        self.notes.lines().find_map(|line| line.strip_suffix("min")?.trim().parse().ok())
    }

    /// Puts a piece of text where it belongs, given the tags that are open around it.
    fn read(&mut self, open: &[Tag], piece: &str) {
        use Tag::{BlockQuote, CodeBlock, Image, Link, MetadataBlock};
        for tag in open {
            match (tag, self.blocks.last_mut(), self.links.last_mut()) {
                (CodeBlock(_), Some(block), _) => block.code += piece,
                (Link { .. } | Image { .. }, _, Some(link)) => link.label += piece,
                _ => {}
            }
        }
        let is_apart = |tag: &Tag| {
            matches!(tag, CodeBlock(_) | Image { .. } | BlockQuote(_) | MetadataBlock(_))
        };
        if !open.iter().any(is_apart) {
            self.words += piece;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Document {
        Document::parse(Path::new("deck.md"), text)
    }

    #[test]
    fn slides_blocks_words_and_notes_are_found() {
        let deck = parse(
            "---\ntitle: x\n---\n\n# One\n\n[a.rs](../a.rs)\n\n```rust\nlet a = 1;\n\n---\n```\n\n\
             ![a picture](p.svg)\n\n> a source\n\n<!--\n2 min\n\nSay it.\n-->\n\n---\n\n# Two\n",
        );
        assert!(deck.deck);
        assert_eq!(deck.slides.len(), 2);
        let one = &deck.slides[0];
        assert_eq!(one.blocks[0].from.as_deref(), Some("../a.rs"));
        assert_eq!(one.blocks[0].code, "let a = 1;\n\n---\n");
        assert_eq!(one.blocks[0].line, 9);
        assert_eq!(one.words.split_whitespace().collect::<Vec<_>>(), ["One", "a.rs"]);
        assert_eq!(one.notes.lines().nth(1), Some("2 min"));
        assert_eq!(deck.place(1, deck.slides[1].line), "deck.md:25, slide 2");
    }

    #[test]
    fn a_text_is_one_long_slide() {
        let text = parse("intro\n\n# A\n\nwords\n\n---\n\n## B\n");
        assert!(!text.deck);
        assert_eq!(text.slides.len(), 1);
    }

    #[test]
    fn only_a_paragraph_that_is_a_link_names_the_file_of_a_block() {
        let from = |above: &str| {
            let text = parse(&format!("{above}\n\n```rust\nx\n```\n"));
            text.slides[0].blocks[0].from.clone()
        };
        assert_eq!(from("[`a`](b)"), Some("b".to_string()));
        for other in ["see [a](b)", "[a](b) and [c](d)", "[a](b)\n\ntext", "[a](b)\n\n- list"] {
            assert_eq!(from(other), None, "{other}");
        }
    }

    #[test]
    fn a_second_piece_needs_no_second_link_and_a_command_is_no_piece() {
        let piece = |info: &str| format!("```{info}\nx\n```\n\n");
        let text = ["[a](b)\n\n", &piece("bash"), &piece("rust"), &piece("bash"), &piece("rust")];
        let from = parse(&text.concat());
        let from: Vec<_> = from.slides[0].blocks.iter().map(|block| block.from.is_some()).collect();
        assert_eq!(from, [true, true, false, false]);
    }
}
