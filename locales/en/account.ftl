# My account, and what every page of somebody signed in has.

account-link = My account
sign-out-button = Sign out
