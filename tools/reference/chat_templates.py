# Writes Tests/ChatTemplatesTests/Fixtures/rendered.json: what transformers renders from templates written for this test.
"""Fixture of Tests/ChatTemplatesTests.

    pip install transformers jinja2
    python tools/reference/chat_templates.py [FOLDER]

The templates below are our own, with the markers and the constructs of a family; no published template is copied.
Each is rendered for every conversation, with and without generation prompt, by the function of transformers that
`apply_chat_template` calls. `constructs` are small templates for one construct each. A rendering that fails stores the
kind of error. With FOLDER, the *.jinja files there are rendered in place of our own into FOLDER/rendered.json, for a
check against published templates that commits none of them.
"""

import json
import pathlib
import sys

import jinja2
import transformers
from transformers.utils.chat_template_utils import render_jinja_template

TARGET = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "ChatTemplatesTests" / "Fixtures" / "rendered.json"
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}

QWEN2 = """\
{%- set opening = '<|im_start|>' %}
{%- if messages[0]['role'] == 'system' %}
    {{- opening + 'system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
{%- else %}
    {{- opening ~ 'system\\nYou answer briefly.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first)
        or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}{{- message.content }}{{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

QWEN3 = """\
{%- if tools %}
    {{- raise_exception('no tools here') }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- set state = namespace(searching=true, last_question=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if state.searching and message.role == "user" and message.content is string
        and not (message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set state.searching = false %}
        {%- set state.last_question = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == 'assistant' %}
        {%- set thoughts = '' %}
        {%- if message.reasoning_content is string %}
            {%- set thoughts = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set thoughts = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > state.last_question and (loop.last or (not loop.last and thoughts)) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + thoughts.strip('\\n') + '\\n</think>\\n\\n'
                + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""

LLAMA3 = """\
{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- The system message is taken out, so that it can be put where it belongs. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}

{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: tools\\n" }}
{%- endif %}
{{- "Today is " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("one call at a time") }}
        {%- endif %}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

MISTRAL1 = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Turns must go user, assistant, user, assistant and so on') }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token + ' ' }}"
    "{% else %}{{ raise_exception('Only user and assistant speak') }}{% endif %}{% endfor %}")

MISTRAL3 = """\
{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}

{#- Turns must alternate, tools aside. #}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("Turns must go user, assistant, user, assistant and so on") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}

{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool" %}
        {%- if message.content is defined and message.content.content is defined %}
            {%- set content = message.content.content %}
        {%- else %}
            {%- set content = message.content %}
        {%- endif %}
        {{- '[TOOL_RESULTS] {"content": ' + content|string + "}[/TOOL_RESULTS]" }}
    {%- else %}
        {{- raise_exception("Only user and assistant speak, with an initial system message") }}
    {%- endif %}
{%- endfor %}
{{- user_messages | map(attribute="content") | map(attribute="length") | list | length if show_count is defined }}
"""

GEMMA2 = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('There is no system role') }}{% endif %}"
    "{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Turns must alternate') }}{% endif %}"
    "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}"
    "{% else %}{% set role = message['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}")

GEMMA3 = """\
{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_prefix = messages[0]['content'] + '\\n\\n' -%}
    {%- else -%}
        {%- set first_prefix = messages[0]['content'][0]['text'] + '\\n\\n' -%}
    {%- endif -%}
    {%- set turns = messages[1:] -%}
{%- else -%}
    {%- set first_prefix = "" -%}
    {%- set turns = messages -%}
{%- endif -%}
{%- for message in turns -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Turns must alternate") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '\\n' + (first_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("What is said must be a text") }}
    {%- endif -%}
    {{ '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model\\n'}}
{%- endif -%}
"""

MACROS = """\
{%- macro turn(role, text, end="<|end|>") -%}
<|{{ role }}|>{{ text | trim }}{{ end }}
{% endmacro -%}
{%- for message in messages -%}
{% generation %}{{ turn(message.role, message.content, end="<|stop|>" if loop.last else "<|end|>") }}{% endgeneration %}
{%- endfor -%}
"""

OWN = {
    "qwen2": QWEN2, "qwen3": QWEN3, "llama3": LLAMA3, "mistral1": MISTRAL1, "mistral3": MISTRAL3, "gemma2": GEMMA2,
    "gemma3": GEMMA3, "macros": MACROS,
}

CONVERSATIONS = [
    [("user", "Hello, who are you?")],
    [("system", "Be brief."), ("user", "What is 2+2?")],
    [("user", "What is 2+2?"), ("assistant", "Four."), ("user", "And 3+3?")],
    [("system", "  Speak\nlike a pirate. "), ("user", "Hi"), ("assistant", "Arr!"), ("user", "Bye"), ("assistant", "Farewell")],
    [("user", "  leading and trailing \n\n"), ("assistant", "\n\nanswer \t")],
    [("user", "Zoë said: \"naïve\" 日本語 🎉 <|im_end|> {{ x }} {% if %} \\n \u00a0end\u2003")],
    [("user", "think"), ("assistant", "<think>\nhm, 1\n</think>\n\nOne"), ("user", "again"), ("assistant", "<think>two</think>Two")],
    [("user", "q"), ("assistant", "a", {"reasoning_content": "because\n"}), ("user", "r"), ("assistant", "b", {"reasoning_content": "so"})],
    [("user", "")], [("assistant", "I speak first.")], [("user", "one"), ("user", "two")],
    [("system", "S"), ("system", "T"), ("user", "u")],
    [("user", "call"), ("tool", "{\"result\": 1}"), ("tool", "second"), ("assistant", "done")],
    [("user", "<tool_response>x</tool_response>"), ("assistant", "y")],
    [("user", "a\r\nb\x0bc\x1cd"), ("assistant", "e\u0301 \u00e9")],
]
VARIABLES = [{}, {"enable_thinking": False}, {"enable_thinking": True, "date_string": "1 Jan 2026", "show_count": True}]

# One a line; ⏎, ␍ and ␉ stand for a newline, a carriage return and a tab.
CONSTRUCTS = r"""
a{{ 1 }}b
  {% if true %}x{% endif %}  y
{%- if 1 -%} a {%- endif -%} b
{% if 1 +%} a {%+ endif %}
{# c #}x{#- c -#} y
{{ 'a' "b" }}{{ "it's" }}{{ '\'' }}{{ "\u00e9\x41\q" }}
{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 * 3 + 4 }} {{ 2 + 3 * 4 }} {{ (2 + 3) * 4 }} {{ 1 - 2 - 3 }}
{{ 'ab' * 3 }} {{ 1 ~ 'x' ~ none ~ true }} {{ 'n' ~ 1 + 2 }}
{{ 1 < 2 < 3 }} {{ 1 < 2 > 5 }} {{ 'a' < 'b' }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'x' in 'axb' }} {{ 3 not in [1, 2] }}
{{ not true or true and false }} {{ 0 or 'x' }} {{ '' and 'y' }} {{ not 1 == 2 }}
{{ undefined_name }}|{{ undefined_name is defined }}|{{ undefined_name is undefined }}|{{ undefined_name or 'd' }}
{{ undefined_name.attribute }}
{{ undefined_name | length }}{{ undefined_name | trim }}{{ undefined_name | default('d') }}{{ '' | default('e', true) }}
{{ none is none }}{{ none is defined }}{{ 1 is string }}{{ 'a' is string }}{{ {} is mapping }}{{ [] is iterable }}{{ 'a' is iterable }}
{{ 1 is number }}{{ true is number }}{{ true is integer }}{{ true is boolean }}{{ 3 is odd }}{{ 4 is even }}{{ 6 is divisibleby 3 }}{{ 1 is not none }}
{{ 'a' is eq 'a' }}{{ 'a' is equalto('b') }}{{ 2 is in [1, 2] }}{{ 1 is sequence }}{{ 'a' is sequence }}{{ false is false }}{{ 0 is false }}
{{ 'hello'[1] }}{{ 'hello'[-1] }}{{ 'hello'[1:3] }}{{ 'hello'[::-1] }}{{ 'hello'[-3:] }}{{ 'hello'[:-1] }}{{ 'hello'[9] }}{{ 'hello'[10:] }}{{ 'hello'[4:1:-1] }}{{ 'hello'[::2] }}
{{ [1, 2, 3][1:] | join(', ') }}{{ [1, 2][-1] }}{{ [1, 2][5] }}{{ (1, 2)[0] }}{{ [] | first }}{{ [4, 5] | last }}
{{ {'a': 1, 'b': 'x'} | tojson }} {{ {'a': 1}['a'] }} {{ {'a': 1}.a }} {{ {'a': 1}.b }} {{ {'a': 1}.get('b', 2) }} {{ {'a': none}.get('c') }}
{{ {'a': [1, {'b': "q\"\n\t\u0001é"}], 'c': {}, 'd': []} | tojson(indent=2) }}
{% for key, value in {'a': 1, 'b': 2}.items() %}{{ key }}={{ value }}{{ ', ' if not loop.last }}{% endfor %}
{% for k in {'a': 1, 'b': 2} %}{{ k }}{% else %}none{% endfor %}{% for k in [] %}x{% else %}none{% endfor %}
{% for x in range(5) if x is odd %}{{ loop.index }}:{{ x }}/{{ loop.length }} {% endfor %}
{% for x in [1, 2, 3] %}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.previtem }}{{ loop.nextitem }} {% endfor %}
{% for x in range(1, 10, 3) %}{% if x == 7 %}{% break %}{% endif %}{{ x }}{% endfor %}{% for x in range(4) %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}
{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}
{% set ns = namespace(x=1) %}{% for i in [1, 2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}
{% if true %}{% set y = 5 %}{% endif %}{{ y }}
{% set block %} a {{ 1 + 1 }} b {% endset %}[{{ block }}]
{% macro m(a, b=2) %}{{ a }}-{{ b }}-{{ c }};{% endmacro %}{% set c = 9 %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=4, a=5) }}{{ m() }}
{{ ' a b '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ ' a '.lstrip() }}|{{ ' a '.rstrip() }}|{{ 'a,b,c'.split(',') | join('+') }}|{{ ' a  b '.split() | join('+') }}|{{ 'a,b,c'.split(',', 1)[1] }}|{{ 'a,b,c'.rsplit(',', 1)[0] }}
{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith(('x', 'c')) }}{{ 'aXb'.replace('X', '--') }}{{ 'aaa'.replace('a', 'b', 2) }}{{ 'Ab'.upper() }}{{ 'Ab'.lower() }}{{ 'hello WORLD'.capitalize() }}{{ 'abcabc'.find('c') }}{{ 'aa'.count('a') }}{{ ','.join(['a', 'b']) }}
{{ 'Straße é' | upper }}{{ 'ÀB' | lower }}{{ 'éa B' | capitalize }}{{ 'abc' | reverse }}{{ [1, 2, 3] | reverse | join }}{{ 'abc' | list | join('.') }}{{ -3 | abs }}{{ ' 12 ' | int + 1 }}{{ 'x' | int }}
{{ 'abc' | length }}{{ 'e\u0301🎉' | length }}{{ {'a': 1} | length }}{{ 'a-b' | replace('-', '+') }}{{ 'xaxx' | trim('x') }}
{{ [{'r': 'u', 'n': 1}, {'r': 'a', 'n': 2}] | selectattr('r', 'equalto', 'a') | map(attribute='n') | list | first }}{{ [{'r': 1}, {'r': 0}] | rejectattr('r') | list | length }}{{ [0, 1, 2] | select | list | length }}{{ [1, 2] | reject('odd') | join }}
{{ messages | tojson }}
{{ messages[0] | tojson(indent=4) }}
{{ messages[0].items() | list | length }}{{ messages[0]['missing'] is defined }}{{ messages[7] is defined }}
{{ raise_exception('stop') }}
{{ 1 + 'a' }}
{{ 'a' in 5 }}
{{ 1 / 0 }}
{{ nothing() }}
{% for x in 5 %}{% endfor %}
{{ 5 | tojson }}{{ 'é"\\' | tojson }}{{ true | tojson }}{{ none | tojson }}
{{ 'a' if false }}|{{ 'a' if true else 'b' }}|{{ 'a' if false else 'b' if false else 'c' }}
{% if false %}1{% elif none %}2{% elif 'x' %}3{% else %}4{% endif %}
{% set a = 'x' %}{{ a is defined and a is not none and a | length > 0 }}
{{ {'a': {'b': [10, 20]}}.a.b[1] }}{{ 'a.b'.split('.')[-1] }}{{ ['x'][0].upper() }}
{{ bos_token + eos_token }}{{ cls_token }}{{ tools is none }}{{ documents }}
{{ "a" "b" ~ "c" | upper }}{{ ("a" ~ "b") | upper }}{{ 'a' + 'b' | upper }}
{{ [1, [2, 3]] == [1, [2, 3]] }}{{ {'a': 1} == {'a': 1} }}{{ '1' == 1 }}{{ none == false }}
{{ 10 }}{{ -5 }}{{ +5 }}{{ - 5 + 2 }}{{ 1_000 }}
{{ unknown_filter_value | nosuchfilter }}
{% unknowntag %}
{{ 1 is nosuchtest }}
{% if x %}
{{ 'unterminated }}
{{ (1, 2 }}
{% for x in [1] %}{{ x }}
{% endif %}
{{ a b }}
{{ ['a', 'b',] | join }}{{ {'a': 1,}.a }}{{ (1,)[0] }}
{% set a, b = 1, 2 %}
line one\⏎{% if true %}\⏎  {{- ' x' }}\⏎{% endif %}\⏎   {% if true %}\⏎kept\⏎   {% endif %}\⏎last\⏎
 \n\t{%- if true %}\n\n a \n{%- endif %}\n\n
a\r\nb\rc{# x #}\n d \n  {# y #}  \n e
  {{ 1 }}\n  {{ 2 -}}  \n 3
   {%- raw %}{{ x }}{% endraw %}
""".strip("\n").split("\n")


def rendered(template: str, conversation: list, generation: bool, variables: dict) -> dict:
    try:
        texts, _ = render_jinja_template(
            conversations=[conversation], tools=None, documents=None, chat_template=template,
            add_generation_prompt=generation, continue_final_message=False, return_assistant_tokens_mask=False,
            **TOKENS, **variables)
        return {"text": texts[0]}
    except jinja2.TemplateSyntaxError:
        return {"error": "syntax"}
    except (jinja2.TemplateError, TypeError, ZeroDivisionError, ValueError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
    conversations = [
        [{"role": turn[0], "content": turn[1], **(turn[2] if len(turn) > 2 else {})} for turn in turns]
        for turns in CONVERSATIONS]
    templates = {path.stem: path.read_text() for path in sorted(folder.glob("*.jinja"))} if folder else OWN
    cases = []
    for name, template in templates.items():
        for index, conversation in enumerate(conversations):
            for generation in [False, True]:
                for place, variables in enumerate(VARIABLES):
                    result = rendered(template, conversation, generation, variables)
                    cases.append(
                        {"template": name, "conversation": index, "generation": generation, "variables": place} | result)
    constructs = []
    for line in [] if folder else CONSTRUCTS:
        template = line.replace("⏎", "\n").replace("␍", "\r").replace("␉", "\t")
        constructs.append({"source": template} | rendered(template, conversations[3], True, {}))
    expected = {
        "header": {
            "script": "tools/reference/chat_templates.py",
            "versions": {"transformers": transformers.__version__, "jinja2": jinja2.__version__},
        },
        "tokens": TOKENS, "templates": templates, "conversations": conversations, "variables": VARIABLES, "cases": cases,
        "constructs": constructs,
    }
    target = folder / "rendered.json" if folder else TARGET
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(expected, ensure_ascii=True, indent=0, separators=(",", ":")) + "\n")
    failed = sum("error" in case for case in cases)
    print(f"{len(templates)} templates, {len(cases)} cases, {failed} of them errors, {len(constructs)} constructs")
    print(f"{target.name}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
