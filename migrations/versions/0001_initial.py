"""Create the tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("seal", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("place", name=op.f("uq_audit_place")),
    )
    op.create_index(
        "ix_audit_unsealed",
        "audit",
        ["id"],
        sqlite_where=sa.text("place IS NULL"),
        postgresql_where=sa.text("place IS NULL"),
    )
    op.create_table(
        "banner",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("title", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("text", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("link_label", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("link", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("groups", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_banner")),
        sa.UniqueConstraint("code", name=op.f("uq_banner_code")),
    )
    op.create_table(
        "catalog_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seller", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("offline", sa.JSON(none_as_null=True), server_default="{}", nullable=False),
        sa.Column("staff", sa.JSON(none_as_null=True), server_default="{}", nullable=False),
        sa.Column("numbering", sa.JSON(none_as_null=True), server_default="{}", nullable=False),
        sa.Column("servers", sa.JSON(none_as_null=True), server_default="{}", nullable=False),
        sa.Column("limits", sa.JSON(none_as_null=True), server_default="{}", nullable=False),
        sa.Column("billing", sa.JSON(none_as_null=True), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_version")),
    )
    op.create_table(
        "client",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("file_email", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("province", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("tax_exempt", sa.String(length=100), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("fs_uniquifier", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "search_name",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.Column(
            "search_last_name",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.Column(
            "search_company",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.Column(
            "search_email",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
        sa.UniqueConstraint("email", name=op.f("uq_client_email")),
        sa.UniqueConstraint("external_id", name=op.f("uq_client_external_id")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_client_fs_uniquifier")),
    )
    op.create_index(op.f("ix_client_search_company"), "client", ["search_company"])
    op.create_index(op.f("ix_client_search_email"), "client", ["search_email"])
    op.create_index(op.f("ix_client_search_last_name"), "client", ["search_last_name"])
    op.create_index(op.f("ix_client_search_name"), "client", ["search_name"])
    op.create_index(
        "ix_client_staff",
        "client",
        ["email"],
        sqlite_where=sa.text("role != ''"),
        postgresql_where=sa.text("role != ''"),
    )
    op.create_table(
        "counter",
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series", name=op.f("pk_counter")),
    )
    op.create_table(
        "difference",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "not_in_ledger",
                "not_at_provider",
                "other_amount",
                name="differencekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("invoice", sa.String(), nullable=False),
        sa.Column("taken_cents", sa.Integer(), nullable=True),
        sa.Column("recorded_cents", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_difference")),
        sa.UniqueConstraint("provider", "day", "reference", name=op.f("uq_difference_provider_day_reference")),
    )
    op.create_index(
        "ix_difference_unresolved",
        "difference",
        ["day"],
        sqlite_where=sa.text("resolved_at IS NULL"),
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "heartbeat",
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("worker", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("queue", sa.String(length=60), server_default="2-email", nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("discarded_by", sa.String(), server_default="", nullable=False),
        sa.Column("discard_note", sa.String(), server_default="", nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("key", name=op.f("uq_message_key")),
    )
    op.create_index(
        "ix_message_client",
        "message",
        ["client_id", "id"],
        sqlite_where=sa.text("client_id IS NOT NULL"),
        postgresql_where=sa.text("client_id IS NOT NULL"),
    )
    op.create_index(
        "ix_message_dead",
        "message",
        ["kind", "dead_at"],
        sqlite_where=sa.text("dead_at IS NOT NULL AND done_at IS NULL"),
        postgresql_where=sa.text("dead_at IS NOT NULL AND done_at IS NULL"),
    )
    op.create_index(
        "ix_message_done_at",
        "message",
        ["done_at"],
        sqlite_where=sa.text("done_at IS NOT NULL"),
        postgresql_where=sa.text("done_at IS NOT NULL"),
    )
    op.create_index(
        "ix_message_queue",
        "message",
        ["queue", "run_at", "id"],
        sqlite_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
    )
    op.create_index(
        "ix_message_waiting",
        "message",
        ["run_at"],
        sqlite_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
    )
    op.create_table(
        "panel_callback",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("server", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_callback")),
    )
    op.create_index(op.f("ix_panel_callback_key"), "panel_callback", ["key"])
    op.create_index(op.f("ix_panel_callback_received_at"), "panel_callback", ["received_at"])
    op.create_table(
        "product_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "charge",
            sa.Enum("prorated", "full_period", name="charge", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("delay", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("on_end", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("icon", sa.String(), server_default="server", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_group")),
        sa.UniqueConstraint("code", name=op.f("uq_product_group_code")),
    )
    op.create_table(
        "throttle",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("forget_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_throttle")),
    )
    op.create_index(op.f("ix_throttle_forget_at"), "throttle", ["forget_at"])
    op.create_table(
        "webhook_event",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("attempt_key", sa.String(), nullable=False),
        sa.Column("provider_ref", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), server_default="", nullable=False),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_event")),
    )
    op.create_index(
        "ix_webhook_event_for_staff",
        "webhook_event",
        ["received_at"],
        sqlite_where=sa.text(
            "kind LIKE 'PAYMENT.CAPTURE.REFUNDED%' OR kind LIKE 'PAYMENT.CAPTURE.REVERSED%' OR kind LIKE 'CUSTOMER.DISPUTE.%'"
        ),
        postgresql_where=sa.text(
            "kind LIKE 'PAYMENT.CAPTURE.REFUNDED%' OR kind LIKE 'PAYMENT.CAPTURE.REVERSED%' OR kind LIKE 'CUSTOMER.DISPUTE.%'"
        ),
    )
    op.create_index("ix_webhook_event_received_at", "webhook_event", ["received_at"])
    op.create_table(
        "address_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("old_email", sa.String(length=254), nullable=False),
        sa.Column("new_email", sa.String(length=254), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_address_change_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_change")),
    )
    op.create_index(op.f("ix_address_change_client_id"), "address_change", ["client_id"])
    op.create_index(op.f("ix_address_change_requested_at"), "address_change", ["requested_at"])
    op.create_table(
        "factor",
        sa.Column("client_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("last_counter", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_factor_client_id")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_factor")),
    )
    op.create_table(
        "plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("title", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("description", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("features", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("recommended", sa.Boolean(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("limits", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("package", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["product_group.id"], name=op.f("fk_plan_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("group_id", "code", name=op.f("uq_plan_group_id_code")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_recovery_code_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_client_id"), "recovery_code", ["client_id"])
    op.create_table(
        "saved_method",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_saved_method_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_method")),
    )
    op.create_index(op.f("ix_saved_method_client_id"), "saved_method", ["client_id"])
    op.create_index(
        "uq_saved_method_of_client",
        "saved_method",
        ["client_id", "provider"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("idle_seconds", sa.Integer(), nullable=False),
        sa.Column("browser", sa.String(length=20), nullable=False),
        sa.Column("system", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_session_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_session_token_hash")),
    )
    op.create_index(op.f("ix_session_client_id"), "session", ["client_id"])
    op.create_index(op.f("ix_session_expires_at"), "session", ["expires_at"])
    op.create_table(
        "move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("from_plan_id", sa.Integer(), nullable=False),
        sa.Column("to_plan_id", sa.Integer(), nullable=False),
        sa.Column("needs_person", sa.Boolean(), nullable=False),
        sa.Column("delay", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["from_plan_id"], ["plan.id"], name=op.f("fk_move_from_plan_id")),
        sa.ForeignKeyConstraint(["to_plan_id"], ["plan.id"], name=op.f("fk_move_to_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_move")),
        sa.UniqueConstraint("from_plan_id", "to_plan_id", name=op.f("uq_move_from_plan_id_to_plan_id")),
    )
    op.create_table(
        "price",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column(
            "cycle",
            sa.Enum(
                "free",
                "one_time",
                "monthly",
                "quarterly",
                "semiannually",
                "annually",
                "biennially",
                "triennially",
                "four_years",
                "five_years",
                "six_years",
                "seven_years",
                "eight_years",
                "nine_years",
                "ten_years",
                name="billingcycle",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.CheckConstraint("cents >= 0", name=op.f("ck_price_cents")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_price_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price")),
        sa.UniqueConstraint("plan_id", "cycle", "currency", name=op.f("uq_price_plan_id_cycle_currency")),
    )
    op.create_table(
        "service",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column(
            "search_label",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("server", sa.String(), server_default="", nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "active",
                "pending",
                "suspended",
                "terminated",
                "cancelled",
                name="servicestatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "cycle",
            sa.Enum(
                "free",
                "one_time",
                "monthly",
                "quarterly",
                "semiannually",
                "annually",
                "biennially",
                "triennially",
                "four_years",
                "five_years",
                "six_years",
                "seven_years",
                "eight_years",
                "nine_years",
                "ten_years",
                name="billingcycle",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("recurring_cents", sa.Integer(), nullable=False),
        sa.Column("options_cents", sa.Integer(), server_default="0", nullable=False),
        sa.Column("discount_cents", sa.Integer(), server_default="0", nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=False),
        sa.Column("next_due_date", sa.Date(), nullable=True),
        sa.Column("invoiced_until", sa.Date(), nullable=True),
        sa.Column("anchor_day", sa.Integer(), nullable=False),
        sa.Column("payment_method", sa.String(), nullable=False),
        sa.Column("usage", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("measured_usage", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "suspension",
            sa.Enum(
                "suspending", "lifting", name="suspensionstep", native_enum=False, create_constraint=True, length=40
            ),
            nullable=True,
        ),
        sa.Column("suspension_no", sa.Integer(), server_default="0", nullable=False),
        sa.Column("suspension_reason", sa.String(), server_default="", nullable=False),
        sa.Column("suspension_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifts_when_paid", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.String(), server_default="", nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("imported", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("next_terms", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("anchor_day BETWEEN 1 AND 31", name=op.f("ck_service_anchor")),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_service_quantity")),
        sa.CheckConstraint("recurring_cents >= 0", name=op.f("ck_service_recurring")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_service_client_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_service_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
        sa.UniqueConstraint("external_id", name=op.f("uq_service_external_id")),
    )
    op.create_index(op.f("ix_service_client_id"), "service", ["client_id"])
    op.create_index("ix_service_next_due_date", "service", ["next_due_date", "id"])
    op.create_index(op.f("ix_service_search_label"), "service", ["search_label"])
    op.create_table(
        "cancellation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "withdrawn",
                "done",
                name="cancellationstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "when",
            sa.Enum("now", "period_end", name="cancellationwhen", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_renewal", sa.String(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_cancellation_client_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_cancellation_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellation")),
        sa.UniqueConstraint("key", name=op.f("uq_cancellation_key")),
        sa.UniqueConstraint("reference", name=op.f("uq_cancellation_reference")),
    )
    op.create_index(op.f("ix_cancellation_client_id"), "cancellation", ["client_id"])
    op.create_index(
        "ix_cancellation_open",
        "cancellation",
        ["effective_on"],
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(op.f("ix_cancellation_service_id"), "cancellation", ["service_id"])
    op.create_index(
        "uq_cancellation_open_service",
        "cancellation",
        ["service_id"],
        unique=True,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "order",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "awaiting_payment",
                "awaiting_provisioning",
                "scheduled",
                "completed",
                "cancelled",
                "refused",
                name="orderstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "decision",
            sa.Enum(
                "now",
                "at_next_due",
                "with_renewal",
                name="decision",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "direction",
            sa.Enum(
                "upgrade", "downgrade", "same", name="direction", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("from_plan_id", sa.Integer(), nullable=False),
        sa.Column(
            "from_cycle",
            sa.Enum(
                "free",
                "one_time",
                "monthly",
                "quarterly",
                "semiannually",
                "annually",
                "biennially",
                "triennially",
                "four_years",
                "five_years",
                "six_years",
                "seven_years",
                "eight_years",
                "nine_years",
                "ten_years",
                name="from_cycle",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("to_plan_id", sa.Integer(), nullable=False),
        sa.Column(
            "to_cycle",
            sa.Enum(
                "free",
                "one_time",
                "monthly",
                "quarterly",
                "semiannually",
                "annually",
                "biennially",
                "triennially",
                "four_years",
                "five_years",
                "six_years",
                "seven_years",
                "eight_years",
                "nine_years",
                "ten_years",
                name="to_cycle",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("to_cents", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("due_before", sa.Date(), nullable=True),
        sa.Column("due_after", sa.Date(), nullable=True),
        sa.Column("anchor_after", sa.Integer(), nullable=False),
        sa.Column("total_cents", sa.Integer(), nullable=False),
        sa.Column("credit_cents", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("needs_person", sa.Boolean(), nullable=False),
        sa.Column("delay", sa.JSON(none_as_null=True), nullable=True),
        sa.Column(
            "review_reason",
            sa.Enum(
                "not_active",
                "cancellation_requested",
                "over_limits",
                "no_panel",
                "panel_refused",
                "account_missing",
                "package_changed",
                name="reviewreason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("staff_note", sa.String(), nullable=False),
        sa.Column("voided_renewal", sa.String(), server_default="", nullable=False),
        sa.Column("payment_method", sa.String(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_order_client_id")),
        sa.ForeignKeyConstraint(["from_plan_id"], ["plan.id"], name=op.f("fk_order_from_plan_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_order_service_id")),
        sa.ForeignKeyConstraint(["to_plan_id"], ["plan.id"], name=op.f("fk_order_to_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order")),
        sa.UniqueConstraint("key", name=op.f("uq_order_key")),
        sa.UniqueConstraint("reference", name=op.f("uq_order_reference")),
    )
    op.create_index(op.f("ix_order_client_id"), "order", ["client_id"])
    op.create_index(op.f("ix_order_service_id"), "order", ["service_id"])
    op.create_index("ix_order_status", "order", ["status"])
    op.create_index(
        "uq_order_open_service",
        "order",
        ["service_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('awaiting_payment', 'awaiting_provisioning', 'scheduled')"),
        postgresql_where=sa.text("status IN ('awaiting_payment', 'awaiting_provisioning', 'scheduled')"),
    )
    op.create_table(
        "terms_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "planned",
                "in_force",
                "replaced",
                name="termsstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column(
            "cycle",
            sa.Enum(
                "free",
                "one_time",
                "monthly",
                "quarterly",
                "semiannually",
                "annually",
                "biennially",
                "triennially",
                "four_years",
                "five_years",
                "six_years",
                "seven_years",
                "eight_years",
                "nine_years",
                "ten_years",
                name="billingcycle",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("from_plan_id", sa.Integer(), nullable=False),
        sa.Column("to_plan_id", sa.Integer(), nullable=False),
        sa.Column("from_cents", sa.Integer(), nullable=False),
        sa.Column("to_cents", sa.Integer(), nullable=False),
        sa.Column("from_quantity", sa.Integer(), nullable=False),
        sa.Column("to_quantity", sa.Integer(), nullable=False),
        sa.Column("due_before", sa.Date(), nullable=True),
        sa.Column("due_after", sa.Date(), nullable=True),
        sa.Column("renewal_cents", sa.Integer(), nullable=True),
        sa.Column("voided_renewal", sa.String(), nullable=False),
        sa.CheckConstraint("from_cents >= 0 AND to_cents >= 0", name=op.f("ck_terms_change_cents")),
        sa.CheckConstraint("from_quantity >= 1 AND to_quantity >= 1", name=op.f("ck_terms_change_quantity")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_terms_change_client_id")),
        sa.ForeignKeyConstraint(["from_plan_id"], ["plan.id"], name=op.f("fk_terms_change_from_plan_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_terms_change_service_id")),
        sa.ForeignKeyConstraint(["to_plan_id"], ["plan.id"], name=op.f("fk_terms_change_to_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms_change")),
    )
    op.create_index(op.f("ix_terms_change_client_id"), "terms_change", ["client_id"])
    op.create_index(op.f("ix_terms_change_service_id"), "terms_change", ["service_id"])
    op.create_table(
        "invoice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("change", "renewal", name="invoicekind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum("open", "paid", "void", name="invoicestatus", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=True),
        sa.Column("period_end", sa.Date(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("subtotal_cents", sa.Integer(), nullable=False),
        sa.Column("total_cents", sa.Integer(), nullable=False),
        sa.Column("credit_cents", sa.Integer(), nullable=False),
        sa.Column("paid_cents", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("lines", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("taxes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("seller", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("buyer", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("voided_on", sa.Date(), nullable=True),
        sa.Column("replaced_on", sa.Date(), nullable=True),
        sa.Column("overdue_notice_on", sa.Date(), nullable=True),
        sa.Column("suspends_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("credit_cents BETWEEN 0 AND total_cents", name=op.f("ck_invoice_credit")),
        sa.CheckConstraint("paid_cents BETWEEN 0 AND total_cents - credit_cents", name=op.f("ck_invoice_paid")),
        sa.CheckConstraint("total_cents > 0", name=op.f("ck_invoice_total")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_invoice_client_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_invoice_order_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_invoice_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("number", name=op.f("uq_invoice_number")),
    )
    op.create_index(op.f("ix_invoice_client_id"), "invoice", ["client_id"])
    op.create_index("ix_invoice_of_service", "invoice", ["service_id", "kind", "status", "due_on"])
    op.create_index(op.f("ix_invoice_order_id"), "invoice", ["order_id"])
    op.create_index("ix_invoice_standing", "invoice", ["kind", "status", "due_on"])
    op.create_index(
        "uq_invoice_renewal_period",
        "invoice",
        ["service_id", "period_start"],
        unique=True,
        sqlite_where=sa.text("kind = 'renewal' AND status != 'void' AND replaced_on IS NULL"),
        postgresql_where=sa.text("kind = 'renewal' AND status != 'void' AND replaced_on IS NULL"),
    )
    op.create_table(
        "order_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column(
            "event",
            sa.Enum(
                "placed",
                "paid",
                "cancelled",
                "expired",
                "fell_due",
                "needs_review",
                "provisioned",
                "refused",
                name="orderevent",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "awaiting_payment",
                "awaiting_provisioning",
                "scheduled",
                "completed",
                "cancelled",
                "refused",
                name="orderstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_order_step_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_step")),
    )
    op.create_index(op.f("ix_order_step_order_id"), "order_step", ["order_id"])
    op.create_table(
        "task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "change",
                "end",
                "unsuspend",
                "stuck",
                "suspend",
                "unpaid",
                name="taskkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("cancellation_id", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), server_default="", nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["cancellation_id"], ["cancellation.id"], name=op.f("fk_task_cancellation_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_task_message_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_task_order_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_task_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("key", name=op.f("uq_task_key")),
    )
    op.create_index(op.f("ix_task_message_id"), "task", ["message_id"])
    op.create_index(
        "ix_task_open",
        "task",
        ["opened_at"],
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(op.f("ix_task_order_id"), "task", ["order_id"])
    op.create_index(op.f("ix_task_service_id"), "task", ["service_id"])
    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("provider_ref", sa.String(), nullable=False),
        sa.Column("return_url", sa.String(), nullable=False),
        sa.Column("approve_url", sa.String(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "sending",
                "pending",
                "unknown",
                "captured",
                "refused",
                name="attemptstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("save_method", sa.Boolean(), nullable=False),
        sa.Column("saved_method_id", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("in_flight_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("cents > 0", name=op.f("ck_attempt_cents")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_attempt_invoice_id")),
        sa.ForeignKeyConstraint(["saved_method_id"], ["saved_method.id"], name=op.f("fk_attempt_saved_method_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("key", name=op.f("uq_attempt_key")),
    )
    op.create_index(op.f("ix_attempt_invoice_id"), "attempt", ["invoice_id"])
    op.create_index(
        "ix_attempt_open",
        "attempt",
        ["provider"],
        sqlite_where=sa.text("status IN ('pending', 'sending', 'unknown')"),
        postgresql_where=sa.text("status IN ('pending', 'sending', 'unknown')"),
    )
    op.create_index(op.f("ix_attempt_provider_ref"), "attempt", ["provider_ref"])
    op.create_index(
        "uq_attempt_open_invoice",
        "attempt",
        ["invoice_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('pending', 'sending', 'unknown')"),
        postgresql_where=sa.text("status IN ('pending', 'sending', 'unknown')"),
    )
    op.create_table(
        "credit_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "change_refused",
                "renewal_replaced",
                "service_ended",
                "days_not_served",
                "corrected",
                name="creditnotereason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("subtotal_cents", sa.Integer(), nullable=False),
        sa.Column("total_cents", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("lines", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("taxes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("seller", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("buyer", sa.JSON(none_as_null=True), nullable=False),
        sa.CheckConstraint("subtotal_cents < 0", name=op.f("ck_credit_note_subtotal")),
        sa.CheckConstraint("total_cents <= subtotal_cents", name=op.f("ck_credit_note_total")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_credit_note_client_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_credit_note_invoice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_note")),
        sa.UniqueConstraint("key", name=op.f("uq_credit_note_key")),
        sa.UniqueConstraint("number", name=op.f("uq_credit_note_number")),
    )
    op.create_index(op.f("ix_credit_note_client_id"), "credit_note", ["client_id"])
    op.create_index(op.f("ix_credit_note_invoice_id"), "credit_note", ["invoice_id"])
    op.create_index(op.f("ix_credit_note_issued_on"), "credit_note", ["issued_on"])
    op.create_table(
        "payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.CheckConstraint("cents > 0", name=op.f("ck_payment_cents")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_payment_invoice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("reference", name=op.f("uq_payment_reference")),
    )
    op.create_index(op.f("ix_payment_invoice_id"), "payment", ["invoice_id"])
    op.create_index(op.f("ix_payment_received_at"), "payment", ["received_at"])
    op.create_table(
        "credit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "granted",
                "corrected",
                "applied",
                "given_back",
                "late_payment",
                "overpaid",
                "change_refused",
                "credit_note",
                "refunded",
                "refund_refused",
                name="creditreason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("invoice_id", sa.Integer(), nullable=True),
        sa.Column("credit_note_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_credit_entry_client_id")),
        sa.ForeignKeyConstraint(["credit_note_id"], ["credit_note.id"], name=op.f("fk_credit_entry_credit_note_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_credit_entry_invoice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_entry")),
        sa.UniqueConstraint("key", name=op.f("uq_credit_entry_key")),
    )
    op.create_index(op.f("ix_credit_entry_client_id"), "credit_entry", ["client_id"])
    op.create_index(op.f("ix_credit_entry_invoice_id"), "credit_entry", ["invoice_id"])
    op.create_table(
        "refund_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "sending",
                "pending",
                "unknown",
                "done",
                "refused",
                name="refundstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("provider_ref", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("cents > 0", name=op.f("ck_refund_attempt_cents")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_refund_attempt_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_attempt")),
        sa.UniqueConstraint("key", name=op.f("uq_refund_attempt_key")),
    )
    op.create_index(op.f("ix_refund_attempt_payment_id"), "refund_attempt", ["payment_id"])
    op.create_index(
        "uq_refund_attempt_open",
        "refund_attempt",
        ["payment_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('pending', 'sending', 'unknown')"),
        postgresql_where=sa.text("status IN ('pending', 'sending', 'unknown')"),
    )


def downgrade() -> None:
    op.drop_table("refund_attempt")
    op.drop_table("credit_entry")
    op.drop_table("payment")
    op.drop_table("credit_note")
    op.drop_table("attempt")
    op.drop_table("task")
    op.drop_table("order_step")
    op.drop_table("invoice")
    op.drop_table("terms_change")
    op.drop_table("order")
    op.drop_table("cancellation")
    op.drop_table("service")
    op.drop_table("price")
    op.drop_table("move")
    op.drop_table("session")
    op.drop_table("saved_method")
    op.drop_table("recovery_code")
    op.drop_table("plan")
    op.drop_table("factor")
    op.drop_table("address_change")
    op.drop_table("webhook_event")
    op.drop_table("throttle")
    op.drop_table("product_group")
    op.drop_table("panel_callback")
    op.drop_table("message")
    op.drop_table("heartbeat")
    op.drop_table("difference")
    op.drop_table("counter")
    op.drop_table("client")
    op.drop_table("catalog_version")
    op.drop_table("banner")
    op.drop_table("audit")
