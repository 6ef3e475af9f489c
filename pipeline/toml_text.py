"""Reading TOML that people write, and saying in Chinese what is wrong with it: which key, and what it should be."""

import copy
import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from archive.errors import HuyueError
from pipeline.errors import ManifestFaulty
from pipeline.manifest import Manifest

T = TypeVar("T")

_KINDS = {
    "int": "整数",
    "float": "数",
    "str": "带引号的文字",
    "bool": "true 或 false",
    "object": "一组键和值",
    "array": "方括号里的列表",
    "null": "空",
    "date": "日期",
    "datetime": "日期和时间",
    "time": "时间",
}
_AT = re.compile(r" - at (?:`key` in )?`(\$[^`]*)`$")
_STEP = re.compile(r"\.(\w+)|\[(\.\.\.|\d+)\]")
_CHOICES = {
    "scope": "household（户）、couple（夫妻）、person（个人）、village（村）、unit（单位）",
    "format": "text（原样）、date（日期）、masked（遮盖）",
    "kind": "term 用 calendar_year、years、open、away；框用 signature（签名）、date（日期）、seal（盖章）、tick（勾选）",
    "retention": "Y（永久）、D30（30年）、D10（10年）",
}


def decode_manifest(toml: bytes, file: str | Path) -> Manifest:
    """The manifest that TOML bytes say. Raises ManifestFaulty naming `file`, the key and the remedy."""
    return decode(toml, file, Manifest, ManifestFaulty)


def decode(toml: bytes, file: str | Path, shape: type[T], error: type[HuyueError]) -> T:
    """The value of `shape` that TOML bytes say; raises `error`, which takes file, place and detail."""
    try:
        document = tomllib.loads(toml.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise error(
            file=file, place="", detail="不是 UTF-8 编码，请用记事本“另存为”，编码选 UTF-8。"
        ) from None
    except tomllib.TOMLDecodeError as problem:
        raise error(file=file, place=_line_of(str(problem)), detail=_SYNTAX) from None
    except (RecursionError, ValueError):  # brackets in brackets without end, a number of thousands of digits
        raise error(file=file, place="", detail=_SYNTAX) from None
    try:
        return msgspec.convert(document, shape)
    except msgspec.ValidationError as problem:
        try:
            place, detail = _explain(document, str(problem), shape)
        except RecursionError:
            place, detail = "", _SYNTAX
        raise error(file=file, place=place, detail=detail) from None


_SYNTAX = "写法不对，常见原因是漏了引号、等号或括号，或者同一个键写了两遍，请改正。"


def _line_of(problem: str) -> str:
    found = re.search(r"line (\d+), column (\d+)", problem)
    return f"第 {found[1]} 行第 {found[2]} 列" if found else "末尾"


def _explain(document: dict[str, Any], problem: str, shape: type[object]) -> tuple[str, str]:
    """The key at fault and what to do about it, from msgspec's English."""
    at = _AT.search(problem)
    steps = _steps(document, at[1], shape) if at else []
    if "`key` in" in problem and at:
        steps.append(_culprit(document, steps, at[1], shape))
        return _key(steps), "名称只能用小写英文字母开头，后接字母、数字、下划线，请改名。"
    if found := re.match(r"Object missing required field `(\w+)`", problem):
        return _key([*steps, found[1]]), "没有写，请补上。"
    if found := re.match(r"Object contains unknown field `(\w+)`", problem):
        return _key([*steps, found[1]]), "不认识，请检查拼写，或者删去这一项。"
    return _key(steps), _value(str(steps[-1]) if steps else "", problem)


def _value(name: str, problem: str) -> str:
    if problem.startswith("Invalid enum value"):
        return f"没有这个选项，请改成下列之一：{_CHOICES.get(name, '说明书列出的值')}。"
    if found := re.match(r"Expected `(\w+)([^`]*)`, got `(\w+)`", problem):
        if "|" in found[2] and found[1] == "bool":  # a condition's wanted value
            return "应当是 true 或 false、带引号的文字，或者 { min = 18, max = 49 } 这样的范围，请改正。"
        return f"应当是{_KINDS.get(found[1], found[1])}，现在写的是{_KINDS.get(found[3], found[3])}，请改正。"
    if found := re.match(r"Expected `\w+` (>=|<=|>|<) ([\d.]+)", problem):
        words = {">=": "不能小于", "<=": "不能大于", ">": "必须大于", "<": "必须小于"}
        return f"{words[found[1]]} {float(found[2]):g}，请改正。"
    if found := re.match(r"Expected `\w+` of length >= (\d+)", problem):
        return f"至少要写 {found[1]} 个字，请补充。"
    if name == "number":
        return "应当是两位数字：自带的六种用 01 至 06，自编的用 10 至 99，请改正。"
    return "写法不合要求，请照自带模板的 contract.toml 改正。"


def _key(steps: list[str]) -> str:
    return f"“{'.'.join(steps)}”" if steps else "整个文件"


def _steps(document: dict[str, Any], path: str, shape: type[object]) -> list[str]:
    """The keys of msgspec's path, with the real key where msgspec says `[...]`."""
    steps: list[str] = []
    for name, index in _STEP.findall(path):
        steps.append(_culprit(document, steps, path, shape) if index == "..." else name or index)
    return steps


def _culprit(document: dict[str, Any], steps: list[str], path: str, shape: type[object]) -> str:
    """Which key of the table at `steps` the fault is under: the one that fails alone in the same way."""
    for key in _at(document, steps):
        trial = copy.deepcopy(document)
        table = _at(trial, steps)
        for other in [name for name in table if name != key]:
            del table[other]
        try:
            msgspec.convert(trial, shape)
        except msgspec.ValidationError as problem:
            if f"`{path}`" in str(problem):
                return str(key)
    return "?"


def _at(document: Any, steps: list[str]) -> Any:
    for step in steps:
        document = document[step]
    return document
