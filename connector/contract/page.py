"""The words of `docs/coercion.md`; the marks in braces stand for what the code says."""

PAGE = """# What becomes of what you send

This page is generated from the code (`python -m connector.contract.table`): whoever reads it can predict any
answer. A value is never guessed: what can mean one thing only is taken, with a receipt in `coerced`; what can
mean several is refused, with what to send instead.

## How a request is read

1. **The body becomes rows.** JSON; JSON called text/plain, without a content type, or called an urlencoded
   form (this with a warning, and as a form where it is no JSON object); UTF-8 with or without a byte order
   mark; urlencoded; multipart; a list of rows `{name, value}` or `{key, value}` (without `value` it holds
   nothing; other members do not count); JSON within JSON text (with a warning). A form in a body that is
   called something else is `form_as_text`. Rows of the query are added; a row that stands in both with
   different values (`7` and `"7"` differ) is `sent_twice`. Of a name that JSON has twice the last one counts,
   with a warning. No body, `[]` and `{}` are no rows; any other JSON that is neither an object nor a list of
   rows is `not_an_object`, and NaN or Infinity bare in it `not_a_number`.
2. **Names nest.** `a.b` and `a[b]` are members, `c[0]` `c[1]` entries in the order of their numbers (gaps
   close), `d[]` and repeated names entries in the order in which they come: one row, without the brackets.
3. **Each row finds its field** by its name, by another name, or by a name that says the opposite (the value
   is then turned round), each in snake_case or camelCase. A field that comes under several names must say the
   same under each, as it is read, else it is `ambiguous`, also where one of them cannot be read (but what a
   tool has left behind, NUL, half an emoji, and what a name that says the opposite cannot mean are told as
   such, under their name); a name with nothing in it does not count.
4. **Any other row has no effect** and is named in `ignored`, one without a name as `""`; where its name is in
   no table and resembles a field, `did_you_mean` and a warning name that field. Three kinds of them are
   refused, because ignoring them would do harm:
   - a name that the operation's table refuses, in snake_case or camelCase, where it asks for something: with
     nothing, `[]`, `{}` or what a boolean reads as false in it, it is ignored;
   - a name in no table that begins with `allow_`, or with `allow` and a capital, with anything but nothing,
     `[]` or `{}` in it: `unknown_permission`;
   - a name in no table whose value is an object, or JSON text of one, with a field among its members:
     `json_in_field`.

   The fields within a row that is refused, by any of their names, count as misplaced, not as missing.
5. **Nothing means nothing.** An empty value counts as a field that was not sent.
6. **Values become what their field takes**, by the tables below. What a tool has left behind is looked for in
   a text as it came, before it is taken apart, then in each entry of a list.
7. **Everything is judged at once**: the problems of fields in the order of their table, then those of other
   rows in the order of their names (capitals first). A field has one problem at most, that of the first of
   its names; only each entry of a list has its own, with its index (`photo_images[1]`). A condition between
   fields is silent while one of its fields has a problem of its own; one condition does not silence another.

Bounds: {limits}, 1 MiB without files (`payload_too_large`); text is UTF-8, also in percent-escapes
(`not_utf8`), without the character NUL. The order of rows never matters but where it is the order of a list.

| sent | rows |
| --- | --- |
{bodies}
## Nothing

{absences}
An empty list, and an empty entry of a list, stay what they are; the latter is refused where its list takes
URLs or numbers.

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

`strict: true`, itself in any spelling of a boolean, is PM3K's own behaviour:

- Fields' names in camelCase, names that say the opposite, and rows in no table are `unknown_field`; their
  problems come with those of other rows. Other names are taken as the tables spell them; names without
  effect, and rows without a name, are ignored; refused names are refused whatever they hold.
- No value is converted but the other names of choices, as the tables spell them. `5.0` is the whole number 5,
  as JSON Schema has it (with its receipt). What a tool has left behind is refused by its own word, any other
  value that is not of its field's type by the word of that type (`not_a_boolean`), a choice in another
  spelling as `not_one_of`.
- An empty value is no absent value.
- The body must be JSON (`not_json`, told where nothing else is wrong).

## The receipt

`coerced` names each value that was read differently: `field`, `from` (as JSON, cut when long), `to`, `rule`.
A value that came under another name has a receipt for the name (in camelCase `field_case` alone, also where
it is another name), then one for the value, also where that is nothing; under a name that says the opposite
it has `inverse_name` alone, which shows the name and the value, and with nothing in it that of the value. Of
several names that say the same each has its receipt, numbered rows one for their name together; a default
that was filled in has none. `field` is the field's own name.

{rules}
## The refusal

`details` names every problem: `field`, `problem`, `got`, `expected`, `fix`, `code`. `field` is the name under
which the row was sent, so that it can be found again; the field's own name where it was not sent, had nothing
in it, is `ambiguous`, or came under several names that say the same. What fails later, in a post that was
accepted, has the field's own name.

The answer's `error` is the `code` of the first problem. It is `invalid_request`, but where the tables below
have another in `error`: alone, it is the code of every problem of the field; with words in parentheses, that
of these problems; with *an entry*, that of every problem of an entry. A request that is refused as a whole,
before its rows are looked at, has the code beside its problem and an empty `field`, also where one name
caused it (`name_clash`, `sent_twice`); `file_not_taken` alone names each row that came as a file. `ignored`
is told in a refusal as in an answer, with the fields in it that have a problem.

{problems}
## Fields

Names without effect are known in camelCase too. A default is filled into the input. A whole number that
counts seconds or milliseconds may also be sent as a duration; the units are, in any case and with a full stop
or without, {units}. `POST /api/album/retain` takes `album_id` and `strict` alone, as upload_media does, and
needs the former; each problem of `album_id` is `bad_request`.
{operations}
## Paths of others

Workflows that were written for another product send their rows to its paths and are read as above, but for
this, also under strict:

{dialects}"""
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
