"""Creates the tables, as many plans as PEER_PLANS says, and a client on the second; prints the Cookie header."""

from __future__ import annotations

import os
from datetime import timedelta

import django
from django.conf import settings
from django.core.management import call_command
from django.utils.timezone import localdate

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model  # noqa: E402
from django.contrib.sessions.backends.cached_db import SessionStore  # noqa: E402
from plans.models import BillingInfo, Plan, PlanPricing, PlanQuota, Pricing, Quota, UserPlan  # noqa: E402

PRICES = range(0, 75 * int(os.environ["PEER_PLANS"]), 75)
CYCLES = {"mensuel": (30, 1), "trimestriel": (90, 3), "annuel": (365, 10)}
QUOTAS = {"Espace disque": "Go", "Boîtes courriel": "", "Bases de données": "", "Domaines": "", "Trafic": "Go"}


def main() -> None:
    """Fill the database."""
    call_command("migrate", verbosity=0)
    pricings = {Pricing.objects.create(name=name, period=days): times for name, (days, times) in CYCLES.items()}
    quotas = [
        Quota.objects.create(codename=f"q{number}", name=name, unit=unit, description=f"{name} du forfait")
        for number, (name, unit) in enumerate(QUOTAS.items())
    ]
    plans = [_plan(f"Forfait {number}", price, pricings, quotas) for number, price in enumerate(PRICES)]
    user = get_user_model().objects.create_user("fr@example.com", "fr@example.com")
    UserPlan.objects.update_or_create(
        user=user, defaults={"plan": plans[1], "expire": localdate() + timedelta(days=20), "active": True}
    )
    BillingInfo.objects.create(
        user=user, name="Kajoom", street="1200, rue de l’Exemple", zipcode="G1R 0X0", city="Québec", country="CA"
    )
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    print(f"{settings.SESSION_COOKIE_NAME}={session.session_key}")


def _plan(name: str, price: int, pricings: dict[Pricing, int], quotas: list[Quota]) -> Plan:
    about = {"name": name, "slug": name.lower().replace(" ", "-"), "description": f"{name}, hébergement Web"}
    plan = Plan.objects.create(**about, available=True, visible=True)
    for pricing, times in pricings.items():
        if price:
            PlanPricing.objects.create(plan=plan, pricing=pricing, price=price * times)
    for number, quota in enumerate(quotas, 1):
        PlanQuota.objects.create(plan=plan, quota=quota, value=number * (price + 50))
    return plan


if __name__ == "__main__":
    main()
