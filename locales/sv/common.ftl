# Datum, tal och tidslängder.

month-1 = januari
month-2 = februari
month-3 = mars
month-4 = april
month-5 = maj
month-6 = juni
month-7 = juli
month-8 = augusti
month-9 = september
month-10 = oktober
month-11 = november
month-12 = december

date-time = { $day } { $month } { $year } kl. { $time } UTC

duration-minutes =
    { $minutes ->
        [one] { $minutes } minut
       *[other] { $minutes } minuter
    }
duration-hours =
    { $hours ->
        [one] { $hours } timme
       *[other] { $hours } timmar
    }
