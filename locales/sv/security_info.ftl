# Säkerhetsuppgifter: att registrera sätt att bevisa vem man är.
