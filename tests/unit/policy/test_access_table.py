"""The table of roles and permissions, held in full: a change of it is a change of this test."""

import pytest

from assets.policy.access import PERMISSIONS, Identity, NotPermitted, Permission, Role, require, roles_that_may

P, R = Permission, Role
MATRIX: dict[Permission, set[Role]] = {
    P.READ_ORDERS: {R.VIEWER, R.PLANNER, R.APPROVER, R.OPERATOR, R.ADMIN},
    P.READ_SENSITIVE: {R.APPROVER, R.ADMIN},
    P.READ_ACCESS_LOG: {R.ADMIN},
    P.LAND_DATA: {R.PLANNER, R.OPERATOR, R.ADMIN},
    P.PLAN: {R.PLANNER, R.OPERATOR, R.ADMIN},
    P.OVERRIDE: {R.PLANNER, R.ADMIN},
    P.APPROVE: {R.APPROVER, R.ADMIN},
    P.REJECT: {R.PLANNER, R.APPROVER, R.ADMIN},
    P.CANCEL: {R.APPROVER, R.OPERATOR, R.ADMIN},
    P.DISPATCH: {R.OPERATOR, R.ADMIN},
    P.RECONCILE: {R.OPERATOR, R.ADMIN},
    P.PAUSE: {R.PLANNER, R.APPROVER, R.OPERATOR, R.ADMIN},
    P.DRAFT_RELEASE: {R.PLANNER, R.ADMIN},
    P.PROMOTE_RELEASE: {R.ADMIN},
    P.ROLL_BACK_RELEASE: {R.OPERATOR, R.ADMIN},
    P.GRANT_ROLES: {R.ADMIN},
    P.VERIFY_LEDGER: {R.OPERATOR, R.ADMIN},
}


def test_every_role_and_every_permission_is_in_the_table() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert set(MATRIX) == set(Permission)


@pytest.mark.parametrize("permission", list(Permission))
@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_what_the_table_says_and_nothing_else(role: Role, permission: Permission) -> None:
    somebody = Identity("somebody#1", frozenset({role}))
    if role in MATRIX[permission]:
        require(somebody, permission)
        return
    with pytest.raises(NotPermitted) as refused:
        require(somebody, permission)
    assert all(name in str(refused.value) for name in ("somebody#1", permission, *MATRIX[permission]))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("permission", list(Permission))
def test_a_stranger_may_nothing(permission: Permission) -> None:
    with pytest.raises(NotPermitted, match="nobody here"):
        require(Identity("stranger#9"), permission)


def test_several_roles_add_up() -> None:
    both = Identity("ada#1", frozenset({R.PLANNER, R.APPROVER}))
    assert both.may(P.OVERRIDE)
    assert both.may(P.APPROVE)
    assert not both.may(P.DISPATCH)


def test_the_least_powerful_role_that_would_do_is_named_first() -> None:
    assert roles_that_may(P.READ_ORDERS)[0] is R.VIEWER
    assert roles_that_may(P.PLAN)[-1] is R.ADMIN
