//! The local database's contract, sentence by sentence, one text for all databases.

mod world;

use crate::support::size::is_long;
use world::World;

/// What says something of SQL alone, and why IndexedDB has no counterpart.
const ONLY_SQL: &[(&str, &str)] = &[
    ("feed::a_load", "a load is told by functions, which a test of the client calls"),
    ("feed::what_was_sent", "an answer tells its transaction together with the acknowledgement"),
    ("keys::the_worker_replaces_a_temporary_key", "the worker says which key was made, and writes no keys"),
    (
        "made_keys::columns_that_only_look_alike",
        "temporary keys are those of the collections: one of 53 bits is none of 32",
    ),
    ("made_keys::the_log_of_version_1", "this log has only one version yet"),
    ("names::the_longest", "there are no indexes with names"),
    ("refetching::what_the_database_knows_of_itself", "nobody runs the files again"),
    ("rejecting::sending_groups_again_keeps_the_order_of_all", "one is sent again at a time"),
    ("rejecting::what_is_sent_again_stays_its_users", "nobody but `signIn` says whose an entry is"),
    ("values::every_column_is_cleared", "null in a JSON column that can't be null is JSON"),
    ("values::through_the_log", "times come in and are shown in one notation"),
];

/// What takes Node's IndexedDB a minute: a long run has it.
const ONLY_LONG: &[&str] =
    &["refetching::ten_thousand_rows_leave_no_ghosts", "writing::ten_thousand_rows_in_one_statement"];

/// Whether IndexedDB has a sentence, in a run of this length.
fn has_without_sql(name: &str) -> bool {
    !ONLY_SQL.iter().any(|(one, _)| *one == name) && (is_long() || !ONLY_LONG.contains(&name))
}

/// Runs every function named here in all databases.
macro_rules! contract {
    ($($file:ident { $($test:ident,)+ })+) => {
        $(mod $file;)+

        mod pglite {
            $(mod $file {
                $(#[test]
                fn $test() {
                    crate::sql::contract::$file::$test(&mut crate::sql::contract::World::open(sync_patterns::config::Adapter::Pglite));
                })+
            })+
        }

        mod sqlite {
            $(mod $file {
                $(#[test]
                fn $test() {
                    crate::sql::contract::$file::$test(&mut crate::sql::contract::World::open(sync_patterns::config::Adapter::Sqlite));
                })+
            })+
        }

        mod indexeddb {
            $(mod $file {
                $(#[test]
                fn $test() {
                    let name = concat!(stringify!($file), "::", stringify!($test));
                    if crate::sql::contract::has_without_sql(name) {
                        crate::sql::contract::$file::$test(&mut crate::sql::contract::World::open(sync_patterns::config::Adapter::IndexedDb));
                    }
                })+
            })+
        }
    };
}

contract! {
    writing {
        an_insert_logs_the_key_and_what_is_set,
        a_key_is_made_where_none_is_given,
        omitted_columns_take_the_default,
        a_null_counts_as_omitted,
        what_only_the_server_sets_has_a_stand_in,
        an_update_logs_what_differs,
        clearing_a_column_is_logged,
        an_update_that_changes_nothing_is_not_logged,
        bookkeeping_columns_are_not_written,
        a_row_is_deleted_and_made_again,
        a_local_row_is_deleted_and_made_again,
        a_row_that_was_never_sent_leaves_nothing,
        a_row_that_may_have_been_sent_is_deleted,
        an_update_before_a_delete_stays,
        a_transaction_has_one_id,
        returning_gives_the_row_as_shown,
        ten_thousand_rows_in_one_statement,
    }
    refusing {
        a_duplicate_key,
        a_missing_required_column,
        a_missing_required_column_that_rows_may_lack,
        a_required_column_set_to_null,
        a_key_change,
        a_read_only_column,
        a_number_that_is_not_finite,
        an_integer_out_of_range,
        an_operation_without_an_endpoint,
        an_upsert,
        one_bad_row_of_many,
        a_column_that_does_not_exist,
    }
    settling {
        there_and_back_before_the_first_echo,
        a_foreign_edit_of_another_column,
        a_foreign_write_to_the_same_column,
        the_first_of_two_writes_comes_back,
        an_acknowledgement_changes_nothing_to_see,
        an_echo_may_come_before_the_acknowledgement,
        an_overtaken_acknowledged_write_settles_with_a_later_one,
        the_sync_layer_settles_what_never_comes_back,
        many_echoes_in_one_statement,
        an_echo_by_update,
        the_write_id_of_another_model_settles_nothing,
        a_settled_delete,
        a_row_deleted_by_the_server_shows_no_phantom,
        a_row_deleted_by_the_server_settles_what_it_has_taken,
        an_update_is_not_sent_as_an_insert_after_a_delete,
        an_insert_over_a_row_that_has_arrived,
    }
    keys {
        composite,
        text,
        integers_made_by_the_server,
        temporary_keys_differ,
        a_server_key_before_the_acknowledgement,
        a_server_key_takes_rejected_entries_along,
        the_worker_replaces_a_temporary_key,
        text_made_by_the_server,
    }
    made_keys {
        children_of_two_models,
        rejected_children,
        a_child_within_the_model,
        a_child_whose_key_holds_the_parents,
        a_key_of_two_columns_that_holds_the_parents,
        text_keys,
        columns_that_only_look_alike,
        names_with_quotes,
        told_twice,
        several_at_once,
        entries_before_the_insert_are_another_rows,
        a_temporary_key_used_again,
        a_later_write_with_the_temporary_key,
        a_write_that_another_row_shows_too,
        kept_when_the_schema_is_made_again,
        the_log_of_version_1,
    }
    path_keys {
        the_parent_is_given_and_the_rest_made,
        the_server_makes_its_part,
        the_row_comes_before_the_answer,
        the_parents_key_is_temporary_too,
        keys_that_repeat_for_each_parent,
        a_rejected_row_with_the_same_key_stays_apart,
    }
    feed {
        a_local_write,
        a_row_from_the_server,
        an_echo,
        an_answer,
        a_rejected_insert_with_what_follows,
        a_refetch,
        an_emptied_table,
        many_rows_at_once,
        a_load,
        a_rollback,
        positions_never_return,
        keys_of_every_kind,
        a_key_that_the_server_has_made,
        what_was_sent,
        one_notification_a_transaction,
    }
    rejecting {
        one_of_two_independent_updates,
        an_insert_with_later_updates,
        an_insert_takes_nothing_of_the_next_one,
        a_delete,
        discarding,
        sending_again,
        sending_a_group_again,
        what_is_sent_again_stays_its_users,
        sending_several_again_keeps_their_order,
        sending_groups_again_keeps_the_order_of_all,
        a_retried_entry_is_not_settled_by_a_later_echo,
        many_rows_at_once,
    }
    refetching {
        pending_writes_survive,
        acknowledged_writes_survive,
        a_bare_delete_loses_no_pending_write,
        a_truncate_loses_no_pending_write,
        ten_thousand_rows_leave_no_ghosts,
        files_run_twice,
        everything_but_the_log_is_made_again,
        what_the_database_knows_of_itself,
    }
    names {
        every_model_loads,
        quoted,
        apart_by_a_wildcard,
        columns_in_schema_order,
        the_longest,
    }
    values {
        through_the_log,
        every_column_is_cleared,
        integers_beyond_a_double,
        digits_of_decimals,
        nulls_inside_json,
        doubles_bit_for_bit,
        defaults,
    }
}
