"""The words of `docs/coercion.md`; the marks in braces stand for what the code says."""

PAGE = """# What becomes of what you send

This page is generated from the code (`python -m connector.contract.table`): whoever reads it can predict any
answer. A value is never guessed: what can mean one thing only is taken, with a receipt in `coerced`; what can
mean several is refused, with what to send instead.

## How a request is read

1. **The body becomes rows.** JSON; JSON called text/plain or a form, or without a content type; UTF-8 with or
   without a byte order mark; urlencoded; multipart; a list of `{name, value}` or `{key, value}` rows; JSON
   within JSON text (with a warning). A form in a body that is called something else is `form_as_text`. Rows
   of the query are added; a row that stands in both with different values is `sent_twice`. Of a name that
   JSON has twice the last one counts, with a warning.
2. **Names nest.** `a.b` and `a[b]` are members, `c[0]` `c[1]` entries in the order of their numbers (gaps
   close), `d[]` and repeated names entries in the order in which they come.
3. **Each row finds its field** by its name, by another name, or by a name that says the opposite (the value
   is then turned round), each in snake_case or camelCase. A field that comes under several names must say the
   same under each, else it is `ambiguous`; a name with nothing in it does not count. Other rows are named in
   `ignored`; where one resembles a field, `did_you_mean` and a warning name that field. A name that begins
   with `allow_` or, in camelCase, `allow` and allows nothing known is an `unknown_permission`, and a row that
   holds fields itself is `json_in_field`.
4. **Nothing means nothing.** An empty value counts as a field that was not sent.
5. **Values become what their field takes**, by the tables below.
6. **Everything is judged at once**: all problems in the order of the fields, each with what was got, what is
   expected and what to do. A condition between fields is silent while one of them is wrong.

Bounds: {limits}, 1 MiB without files; text is Unicode without the character NUL. The order of rows never
matters but where it is the order of a list.

| sent | rows |
| --- | --- |
{bodies}
## Nothing

{absences}
An empty list, and a field that was not sent, stay what they are.

## Values

`as it is` means without a receipt. What is refused is refused with the problem named beside it. A number
beyond its field's range is `too_small` or `too_large`, a text `too_short` or `too_long`, a list `too_few` or
`too_many`.
{types}
## What a tool has left behind

Recognised in every field but free text, where all of it stays as it came: expressions and objects with a
warning, the rest without. The cure for each tool:

{mistakes}
## Strict

`strict: true` is PM3K's own behaviour: nothing is converted but the documented other names of fields and
choices, names in camelCase and unknown fields are refused (`unknown_field`), an empty value is no absent
value, any other value that is not of its field's type is refused by the word of that type (`not_a_boolean`),
and the body must be JSON (`not_json`).

## The receipt

`coerced` names each value that was read differently: `field`, `from` (as JSON, cut when long), `to`, `rule`.
A value that came under another name has a receipt for the name, then one for the value; under a name that
says the opposite it has `inverse_name` alone, which shows the name and the value.

{rules}
## The refusal

`details` names every problem: `field`, `problem`, `got`, `expected`, `fix`. The answer's `error` is the code
of the first one: `invalid_request`, but where a field's table has another in `error`, and `bad_request` where
the body cannot be read at all.

{problems}
## Fields

A whole number that counts seconds or milliseconds may also be sent as a duration.
{operations}"""
"""The page with its marks."""

BODIES = (
    ('{"title": "x", "list": ["a", "b"]}', '{"title": "x", "list": ["a", "b"]}'),
    ("title=x&list[]=a&list[]=b", '{"title": "x", "list": ["a", "b"]}'),
    ("title=x&list[1]=b&list[0]=a", '{"title": "x", "list": ["a", "b"]}'),
    ("title=x&list=a&list=b", '{"title": "x", "list": ["a", "b"]}'),
    ("title=x&list[][0]=a&list[][1]=b", '{"title": "x", "list": ["a", "b"]}'),
    ('[{"name": "title", "value": "x"}, {"name": "list[0]", "value": "a"}]', '{"title": "x", "list": ["a"]}'),
    ("cover.n=1&cover[m]=2", '{"cover": {"n": "1", "m": "2"}}'),
    ('{"cover.n": 1}', '{"cover": {"n": 1}}'),
)
"""Bodies, and the rows that they become."""
