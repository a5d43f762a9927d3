//! A walk over all values of a text, each with the way to it and its place.

use std::{borrow::Cow, ops::ControlFlow};

use saphyr_parser::{Event, Parser, Span};

use super::{Path, Segment};

/// One step of the way to the event at hand.
#[derive(Debug, Clone)]
pub(super) enum Frame<'t> {
    List(usize),
    Mapping(Option<(Cow<'t, str>, Span)>),
}

/// Calls `visit` for each value with the way to it, until it asks for no more. Ends silently where
/// the text is not YAML: the other parser reports that.
pub(super) fn walk<'t>(
    text: &'t str,
    mut visit: impl FnMut(usize, &[Frame<'t>], Span) -> ControlFlow<()>,
) {
    let mut frames: Vec<Frame<'t>> = Vec::new();
    let mut document = 0;
    let mut inside_key = 0_usize;
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { return };
        if inside_key > 0 {
            match event {
                Event::SequenceStart(..) | Event::MappingStart(..) => inside_key += 1,
                Event::SequenceEnd | Event::MappingEnd => inside_key -= 1,
                _ => {}
            }
            continue;
        }
        match event {
            Event::DocumentEnd => document += 1,
            Event::Scalar(scalar, ..) => {
                if let Some(Frame::Mapping(key @ None)) = frames.last_mut() {
                    *key = Some((scalar, span));
                } else {
                    if visit(document, &frames, span).is_break() {
                        return;
                    }
                    advance(&mut frames);
                }
            }
            Event::Alias(_) => {
                if let Some(Frame::Mapping(key @ None)) = frames.last_mut() {
                    *key = Some((Cow::Borrowed("*"), span));
                } else {
                    if visit(document, &frames, span).is_break() {
                        return;
                    }
                    advance(&mut frames);
                }
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if let Some(Frame::Mapping(key @ None)) = frames.last_mut() {
                    *key = Some((Cow::Borrowed("?"), span));
                    inside_key = 1;
                    continue;
                }
                if visit(document, &frames, Span::new(span.start, span.start)).is_break() {
                    return;
                }
                frames.push(if matches!(event, Event::MappingStart(..)) {
                    Frame::Mapping(None)
                } else {
                    Frame::List(0)
                });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                frames.pop();
                advance(&mut frames);
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
    }
}

/// A value has ended: on to the next element or key.
fn advance(frames: &mut [Frame<'_>]) {
    match frames.last_mut() {
        Some(Frame::List(index)) => *index += 1,
        Some(Frame::Mapping(key)) => *key = None,
        None => {}
    }
}

pub(super) fn path_of(document: usize, frames: &[Frame<'_>]) -> Path {
    let segments = frames.iter().map(|frame| match frame {
        Frame::List(index) => Segment::Index(*index),
        Frame::Mapping(key) => {
            Segment::Key(key.as_ref().map(|(key, _)| key.to_string()).unwrap_or_default())
        }
    });
    Path { document, segments: segments.collect() }
}
