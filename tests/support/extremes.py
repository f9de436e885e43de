"""A catalog of the longest, largest, emptiest and strangest that a record can be."""

from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM
from app.services.records import edit_record
from tests.support.factories import make_entry, make_provider, make_provider_model

LONGEST = "x" * 255
WORDS = "A name that says a great deal more than a name has to " * 4
NAMES = {
    "extreme/longest": LONGEST,
    "extreme/words": WORDS[:255],
    "extreme/arabic": "نموذج اللغة العربية الكبير 70B (تعليمي)",
    "extreme/hebrew": "מודל שפה גדול v2.0",
    "extreme/chinese": "通义千问 大模型 72B 指令微调版",
    "extreme/japanese": "日本語の大規模言語モデルとても長い名前を持つもの" * 4,
    "extreme/emoji": "🦙🦙🦙 Llama 👩🏽‍💻 family",
    "extreme/markup": "<script>alert(1)</script> & \"quotes\" 'single'",
    "extreme/empty": None,
}
PRICES = {
    "lines": [
        {"unit": "per_1k_prompt_tokens", "amount_micro_usd": "0.000000000000000001"},
        {"unit": "per_1k_completion_tokens", "amount_micro_usd": str(10**15)},
    ]
}
LIMITS = {"context_length": 0, "max_completion_tokens": 10**15}
TAGS = [f"tag-number-{number:04}" for number in range(1000)]


def fill_extremes(session: Session) -> None:
    """Entries and provider models named `extreme/…`, with edits by hand in their history."""
    provider = make_provider(
        session, name=WORDS[:255], public_id="prov_extreme", meta={"note": LONGEST}
    )
    for number, (public_id, name) in enumerate(NAMES.items()):
        entry = make_entry(session, public_id=public_id, family=name and name[:200])
        make_provider_model(
            session,
            provider,
            entry,
            public_id=f"pmdl_extreme_{number}",
            raw_id=f"extreme/{name or 'empty'}"[:255],
            model_display_name=name,
        )
    longest = make_entry(session, public_id=f"extreme/{'y' * 247}", tags=TAGS)
    session.commit()
    for public_id, name in NAMES.items():
        values = {
            "model_display_name": name,
            "description": f"{name} " * 50 if name else None,
            "notes": name,
            "context_length": 0 if name is None else 10_000_000,
        }
        edit_record(session, SYSTEM, "entry", public_id, values, reason=name)
    for number in range(len(NAMES)):
        decided = {"pricing": PRICES, "token_limits": LIMITS, "model_order_number": 10_000_000}
        edit_record(session, SYSTEM, "provider_model", f"pmdl_extreme_{number}", decided)
    edit_record(session, SYSTEM, "entry", longest.public_id, {"tags": TAGS[:999]})
