package main

import "github.com/slogship/slogship/route/config"

// levelPattern has the names that route.ParseLevel knows, in any case.
const levelPattern = `^([Tt][Rr][Aa][Cc][Ee]|[Dd][Ee][Bb][Uu][Gg]|[Ii][Nn][Ff][Oo]([Rr][Mm][Aa][Tt][Ii][Oo][Nn]([Aa][Ll])?)?|[Nn][Oo][Tt][Ii][Cc][Ee]|` +
	`[Ww][Aa][Rr][Nn]([Ii][Nn][Gg])?|[Ee][Rr][Rr]([Oo][Rr])?|[Ff][Aa][Tt][Aa][Ll]|[Pp][Aa][Nn][Ii][Cc]|[Cc][Rr][Ii][Tt]([Ii][Cc][Aa][Ll])?)([+-][0-9]+)?$|^[+-]?[0-9]+$`

// scalars are the kinds of values by their names in package config. A reference
// may stand anywhere: what it stands for, no editor knows.
func scalars() object {
	levels := []string{"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "ERROR", "FATAL"}
	return object{
		"reference": object{"type": "string", "pattern": `[$][{].*[}]`, "description": "${NAME}, ${NAME:default} or ${file:/path}"},
		"text":      object{"type": []string{"string", "number", "boolean"}},
		"bool":      anyOf(object{"type": "boolean"}, object{"enum": []string{"true", "false"}}, ref("reference")),
		"integer":   anyOf(object{"type": "integer"}, pattern("^[+-]?[0-9]+$"), ref("reference")),
		"number":    anyOf(object{"type": "number"}, pattern("^[+-]?[0-9]*[.]?[0-9]+([eE][+-]?[0-9]+)?%?$"), ref("reference")),
		"size":      anyOf(object{"type": "integer", "maximum": 0}, pattern("^[+-]?[0-9]*[.]?[0-9]+ *([KMGTkmgt][Ii]?)?[Bb]$|^-[0-9]+$|^0$"), ref("reference")),
		"duration":  anyOf(object{"const": 0}, pattern("^[+-]?([0-9]*[.]?[0-9]+(ns|us|µs|μs|ms|s|m|h|d|w))+$|^0$"), ref("reference")),
		"level":     anyOf(object{"enum": levels}, object{"type": "integer"}, pattern(levelPattern), ref("reference")),
		"levels": anyOf(
			object{"type": "array", "minItems": 1, "items": anyOf(ref("level"), pattern("^[<>]="))},
			object{"type": "object", "minProperties": 1, "additionalProperties": false, "properties": object{"min": ref("level"), "max": ref("level")}},
			ref("level"), pattern("^[<>]=|,|^[Aa][Ll][Ll]$"),
		),
		"safety":    anyOf(object{"enum": []string{"process", "power"}}, pattern(`^interval\([^)]+\)$`), ref("reference")),
		"file-mode": anyOf(object{"type": "integer", "minimum": 0}, pattern("^(0o)?[0-7]{1,5}$"), ref("reference")),
	}
}

// attributes are a mapping; groups are mappings in it.
func attributes() object {
	return object{"type": "object", "additionalProperties": anyOf(ref("text"), ref("attributes"))}
}

// matcher is the value of match. What is none of its keys is an attribute.
func matcher() object {
	texts := list(ref("text"))
	matchers := object{"type": "array", "minItems": 1, "items": ref("match")}
	message := anyOf(texts, object{"type": "object", "additionalProperties": false, "required": []string{"regexp"}, "properties": object{"regexp": ref("text")}})
	properties := object{
		"all": matchers, "any": matchers, "not": ref("match"), "message": message, "scope": texts, "group": texts, "package": texts,
		"sampled": ref("bool"), "attributes": object{"type": "object", "minProperties": 1, "additionalProperties": ref("condition")},
	}
	for _, key := range config.MatchKeys() {
		if properties[key] == nil { // a key that this schema does not know yet is not an attribute
			properties[key] = object{}
		}
	}
	return object{"type": "object", "minProperties": 1, "properties": properties, "additionalProperties": ref("condition")}
}

// condition is what an attribute is compared with.
func condition() object {
	values := list(ref("text"))
	properties := object{
		"equals": values, "in": values, "min": ref("text"), "max": ref("text"), "regexp": ref("text"), "exists": ref("bool"), "not": ref("condition"),
	}
	for _, key := range config.ConditionKeys() {
		if properties[key] == nil {
			properties[key] = object{}
		}
	}
	return anyOf(values, object{"type": "object", "minProperties": 1, "properties": properties, "additionalProperties": false})
}
