package main

import (
	"regexp"
	"strings"
)

// prose is what a comment says of an option, taken apart.
type prose struct {
	meaning  string // the first paragraph, without what is only about the default
	fallback string // what the default is; "" if the comment does not say
	required bool   // there is none
}

// sentenceEnd is where a sentence may end: what follows decides, so that "e.g."
// and "30 s" do not.
var sentenceEnd = regexp.MustCompile(`[.!?]["')]*\s+`)

// sentences splits the text of one paragraph.
func sentences(text string) []string {
	var parts []string
	start := 0
	for _, m := range sentenceEnd.FindAllStringIndex(text, -1) {
		next := text[m[1]:]
		if next != "" && (next[0] < 'a' || next[0] > 'z' || strings.HasPrefix(next, "nil: ")) {
			parts = append(parts, strings.TrimSpace(text[start:m[1]]))
			start = m[1]
		}
	}
	if rest := strings.TrimSpace(text[start:]); rest != "" {
		parts = append(parts, rest)
	}
	return parts
}

// paragraphs returns the text of each on one line.
func paragraphs(text string) []string {
	var all []string
	for p := range strings.SplitSeq(text, "\n\n") {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			all = append(all, p)
		}
	}
	return all
}

// The ways in which the comments of this repository state a default; the value
// is the first group. A sentence of the first kind says nothing else, so it is
// not part of the meaning.
var (
	statedAlone = []*regexp.Regexp{
		regexp.MustCompile(`^[Dd]efaults?(?: is| are)?:? +(.+?)[.]?$`),
		regexp.MustCompile(`^The (?:default|zero value) is (.+?)[.]?$`),
		regexp.MustCompile(`^((?:0|""|nil|-1): .+?)[.]?$`),
	}
	statedWithin = []*regexp.Regexp{
		regexp.MustCompile(`[;,] default:? (.+?)[.]?$`),
		regexp.MustCompile(`[;,] (?:the )?zero \w+ (?:is|are) (.+?)[.]?$`),
		regexp.MustCompile(`[;,] ((?:0|""|nil): .+?)[.]?$`),
	}
	firstOf = regexp.MustCompile(`("[^"]*") \((?:the )?default\)`)
	// ownership is of no interest to who writes a file.
	ownership = regexp.MustCompile(`^(?:The|the) (?:map|slice) must not be changed after Open[.]?$`)
	needed    = regexp.MustCompile(`^Required\b(.*?)[.]?$`)
)

// takeApart reads the comment of a field. A default may be stated in any
// paragraph; the meaning is the first one.
func takeApart(doc fieldDoc) prose {
	var p prose
	var kept []string
	for i, para := range paragraphs(doc.text) {
		for _, s := range sentences(para) {
			if rest := p.note(s); rest != "" && i == 0 {
				kept = append(kept, rest)
			}
		}
	}
	p.meaning = strings.Join(kept, " ")
	if doc.shared > 1 {
		p.fallback = nth(p.fallback, doc.position, doc.shared)
	}
	return p
}

// note looks for a default in a sentence, and returns what else the sentence
// says.
func (p *prose) note(sentence string) string {
	if ownership.MatchString(sentence) {
		return ""
	}
	if p.fallback != "" {
		return sentence
	}
	if m := needed.FindStringSubmatch(sentence); m != nil {
		p.fallback, p.required = "required"+m[1], m[1] == ""
		return ""
	}
	for _, form := range statedAlone {
		if m := form.FindStringSubmatch(sentence); m != nil {
			p.fallback = m[1]
			return ""
		}
	}
	for _, form := range statedWithin {
		if m := form.FindStringSubmatchIndex(sentence); m != nil {
			p.fallback = sentence[m[2]:m[3]]
			return strings.TrimSpace(sentence[:m[0]]) + "."
		}
	}
	if m := firstOf.FindStringSubmatch(sentence); m != nil {
		p.fallback = m[1]
	}
	return sentence
}

var between = regexp.MustCompile(`, and | and |, `)

// nth is the part of "5,000 and 5 MiB; at most …" that is about one of several
// fields. What does not name as many values is about all of them.
func nth(text string, position, shared int) string {
	head, tail, _ := strings.Cut(text, ";")
	head, why, _ := strings.Cut(head, ", which")
	parts := between.Split(head, -1)
	if len(parts) != shared && shared > 2 && len(parts) > shared {
		parts = append(parts[:shared-1], strings.Join(parts[shared-1:], ", "))
	}
	if len(parts) != shared {
		return text
	}
	value := parts[position]
	if why != "" {
		value += ", which" + why
	}
	if limits := between.Split(strings.TrimPrefix(tail, " at most "), -1); len(limits) == shared {
		return value + "; at most " + limits[position]
	}
	return value
}
