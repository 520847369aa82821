"""Find keys that name a field of an API, and no person: they have only the usual words."""

from __future__ import annotations

import re

from ticketbridge.workbench.personal.personal_kinds import KEY_WORDS, split_words, word_set

_LONGEST = 60
_NAME = re.compile(r"[@$_]{0,2}[A-Za-z][A-Za-z0-9_.:$-]*")
_FEW_DIGITS = re.compile(r"[0-9]{1,2}")
USUAL_WORDS = KEY_WORDS | word_set(
    "abbreviation action actions active activity actual add additions addon addons addresses admission adult"
    " affiliate age agency all allocation allow allowed alternative amount amounts and answers approval"
    " archived area arena array artist artists ask assigned attachments attendees attention attribute"
    " attributes audit author auto availability available average balance band base batch before begin begins"
    " blocked body bonus book booking bookings bool boolean box branch brand browser bucket budget bulk"
    " bundles bundling button buy by cache calendar campaign canceled cancellation cancelled cap capacity"
    " caption cart cashier category cents certificate chain changed changes channel channels charge charges"
    " check checked checkin checkins child children choice chosen cinema class classes closed closes cluster"
    " codes color colour column columns complete completed completion conditions config confirmation"
    " confirmed connection consent consented constraint contacts content contents context contract conversion"
    " copy cost costs counter countries country counts coupon coupons created creation credit credits"
    " criteria csv currencies currency current custom customers cutoff dates datetime day days deadline"
    " decimal default defaults deleted delivery delta department deposit desc description details device"
    " digits dimensions direction disabled discount discounts display distance district documents domain door"
    " doors downloads draft due duration dynamic echo edited edition effective element elements embedded en"
    " end ends entity entries entry environment epoch error errors event events exchange excluded execution"
    " expandable expiration expired expires expiry export extension external extra extras face facet failed"
    " failure feature features fee feed fees festival field fields file files filter final finished fixed"
    " flag flags floor folder followup footer formatted found fraction free frequency from fulfillment fully"
    " function gate gateway gender generate genre geo giftcard global gmt grand grant grid gross group groups"
    " guestlist guests guid guide handling has hash header headers height hidden hide highlight history hold"
    " holders hour hours html icon identifier if image images import in include index info information"
    " initial inner input instance instructions integer integration internal interval inventory invitation"
    " invited is iso issue issued issuer item items job journey json kind known language lat layout lead"
    " ledger legacy length less level levels like limit limits line lines linked links list listing lists"
    " live loaded local locale locality location lock locked log login logo logs lon loyalty main manually"
    " map mapping market master match matrix max maximum media members membership memo menu merchant message"
    " messages meta metadata method mime min minimum minor minute minutes mode model modified module moment"
    " money month months more municipality names native net network node nominal notice notification now null"
    " numbers object of offer offers offset old once online open opened opens operation operator option"
    " optional options orders organiser organizer origin original outer output outstanding overall owners"
    " package pages pagination paging paid parameter parameters params parent partially participants partner"
    " passholders past path pattern payload payment payments payout peak pending per percent percentage"
    " performance performances period personalized persons physical picture place places plan plans platform"
    " player plugin plugins point points pool portal position positionid positions power prefix presale"
    " present presentation prev previous price prices primary print printed priority privacy private process"
    " processed processing processor product production products program programme progress promo promotion"
    " properties property protocol provider province pseudonymization public publish published purchase"
    " purchased qualifier quantities quantity questions queue quota quote range ranges rank ranking rate"
    " rates rating raw read ready real reason receipt received record records recurring redeemed redirect ref"
    " reference references refunded refunds region related relation relationships release remaining removed"
    " rendered rental reply report request requested requests require resale reseller reservation reserved"
    " resold resource resources response responses restricted restriction results retail return returned"
    " returns revision role roles rollup root rounding route row rows rule rules sale sales salutation saved"
    " scanned scans schedule schema scope score screen search season seat seating seats second seconds"
    " sections security select selected self seller sequence serial series server service services session"
    " sessions set settings settlement severity shop short show shows side signed signup single site sites"
    " size sku slot slots slug sold solution sort source sources special spot stage standard standing start"
    " state states store stored string style subevent subevents subject submitted subscription subtotal"
    " success suffix suggestion sum summary supplier support surcharge symbol system table tag tags target"
    " tariff tariffs taxes team template term terms test testmode text theater theatre theme thumbnail"
    " tickets tier tiers time times timestamp timezone title to tokens topic total tour track tracking trade"
    " transaction transactions transferable transferred transfers translation tree trial trigger truncated"
    " types undefined unit units unix unpaid until update updated uri urls usage use used users utc utm"
    " validity value variant variation variations vendor venue venues via visible visits void voided volume"
    " voucher vouchers waitinglist warning warnings web webhook website week weekday weight widget width"
    " window withdrawn without worker workflow wrapper write xml year yes zone zones"
)
"""The words of which names of fields are made."""


def is_field_name(key: str) -> bool:
    """Return whether *key* is a usual name of a field. Keys that are data have other words."""
    if len(key) > _LONGEST or not _NAME.fullmatch(key):
        return False
    return all(word in USUAL_WORDS or _FEW_DIGITS.fullmatch(word) for word in split_words(key))
